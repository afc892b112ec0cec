/** When each node last gave a sign of life, by our own clock: clocks of machines may differ. */

import type { Lease } from "@knarr/kinds/generated/coordination-v1.ts";
import type { Node, NodeCondition } from "@knarr/kinds/generated/core-v1.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { conditionOf } from "../conditions.ts";

/** Without a sign of life for so long, a node's state is unknown; upstream's default since v1.32. */
const GRACE_MS = 50_000;
/** A node that has never said anything gets longer. */
const STARTUP_GRACE_MS = 60_000;

interface Sign {
  readonly heartbeat: string;
  readonly renewed: string;
  readonly seenAt: number;
}

export class NodeHealth {
  readonly #signs = new Map<string, Sign>();

  has(name: string): boolean {
    return this.#signs.has(name);
  }

  forget(name: string): void {
    this.#signs.delete(name);
  }

  /** Milliseconds until the node's time is up, from what it and its lease say now; negative once it is. */
  left(node: Node, lease: Lease | undefined, now: number): number {
    const ready = conditionOf(node.status?.conditions, "Ready");
    const heartbeat = ready?.lastHeartbeatTime ?? "";
    const renewed = lease?.spec?.renewTime ?? "";
    const name = node.metadata.name!;
    let sign = this.#signs.get(name);
    if (!sign || sign.heartbeat !== heartbeat || (renewed !== "" && sign.renewed !== renewed)) {
      const created = Date.parse(node.metadata.creationTimestamp ?? "");
      const seenAt = !sign && !ready && !renewed && created ? created : now;
      this.#signs.set(name, (sign = { heartbeat, renewed, seenAt }));
    }
    return sign.seenAt + (ready ? GRACE_MS : STARTUP_GRACE_MS) - now;
  }
}

/** The conditions of a node that went silent; the same array when they say so already. */
export function silentConditions(node: Node, now: number): readonly NodeCondition[] {
  const before = node.status?.conditions ?? [];
  const at = formatTime(now);
  let hasChanged = false;
  const conditions = [...before];
  for (const type of ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"]) {
    const current = conditionOf(before, type);
    if (current?.status === "Unknown") continue;
    hasChanged = true;
    if (current) {
      conditions[before.indexOf(current)] = {
        ...current,
        status: "Unknown",
        reason: "NodeStatusUnknown",
        message: "Kubelet stopped posting node status.",
        lastTransitionTime: at,
      };
    } else {
      conditions.push({
        type,
        status: "Unknown",
        reason: "NodeStatusNeverUpdated",
        message: "Kubelet never posted node status.",
        lastHeartbeatTime: node.metadata.creationTimestamp ?? at,
        lastTransitionTime: at,
      });
    }
  }
  return hasChanged ? conditions : before;
}
