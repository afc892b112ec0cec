/**
 * How fast pods may be driven off nodes that are not ready: one node in ten seconds per zone, as long as the zone as a whole looks
 * healthy. Where most nodes seem to be gone at once, it is more likely that we do not see them than that they are dead.
 */

import type { Node } from "@knarr/kinds/generated/core-v1.ts";
import { readyStatus } from "./taints.ts";

const RATE = 0.1;
const SECONDARY_RATE = 0.01;
/** In zones up to this size nothing is evicted while most nodes are not ready. */
const LARGE_ZONE = 50;
const UNHEALTHY_SHARE = 0.55;
const EXCLUDED = "node.kubernetes.io/exclude-disruption";

/** Evictions from zones that wait for their turn. */
export class EvictionLimiter {
  /** When the next node of each zone may have its turn. */
  readonly #next = new Map<string, number>();

  /** 0: now, and the turn is taken; otherwise milliseconds to wait; undefined: not while the zone is as it is. */
  turn(node: Node, nodes: readonly Node[], now: number): number | undefined {
    const zone = zoneKey(node);
    const rate = rateOf(nodes.filter((other) => zoneKey(other) === zone));
    if (rate === 0) return undefined;
    const next = this.#next.get(zone) ?? 0;
    if (next > now) return next - now;
    this.#next.set(zone, now + 1000 / rate);
    return 0;
  }
}

/** Not one node is ready: then it is the control plane that is cut off, and nobody is driven anywhere. */
export function isAllDisrupted(nodes: readonly Node[]): boolean {
  const counted = nodes.filter(counts);
  return counted.length > 0 && counted.every((node) => readyStatus(node) !== "True");
}

function rateOf(zone: readonly Node[]): number {
  const counted = zone.filter(counts);
  const notReady = counted.filter((node) => readyStatus(node) !== "True").length;
  const ready = counted.length - notReady;
  const isUnhealthy = ready > 0 && notReady > 2 && notReady / counted.length >= UNHEALTHY_SHARE;
  if (!isUnhealthy) return RATE;
  return counted.length > LARGE_ZONE ? SECONDARY_RATE : 0;
}

function counts({ metadata }: Node): boolean {
  return metadata.labels?.[EXCLUDED] === undefined;
}

function zoneKey({ metadata }: Node): string {
  const { labels = {} } = metadata;
  return `${labels["topology.kubernetes.io/region"] ?? ""}/${labels["topology.kubernetes.io/zone"] ?? ""}`;
}
