/** Topology spread constraints, compiled: those a pod has, or those all pods of Services and workloads have by default. */

import type { Pod, TopologySpreadConstraint } from "@knarr/kinds/generated/core-v1.ts";
import { isRequiredNode, requiredNode } from "@knarr/kinds/shared/placement/node-selector.ts";
import { toleratesNode } from "@knarr/kinds/shared/placement/tolerations.ts";
import { selectorOf } from "@knarr/kinds/shared/stored-selector.ts";
import type { LabelSelector } from "@knarr/machinery/labels.ts";
import type { NodeInfo } from "./node-info.ts";

export const HOSTNAME = "kubernetes.io/hostname";

export interface Spread {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly selector: LabelSelector;
  /** Whether pods on this node count, and the node's domain. */
  counts(node: NodeInfo): boolean;
}

type Action = "DoNotSchedule" | "ScheduleAnyway";

/** The API server has put `matchLabelKeys` into the selectors. */
export function spreadsOf(pod: Pod, action: Action): readonly Spread[] {
  const constraints = pod.spec?.topologySpreadConstraints ?? [];
  return constraints
    .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === action)
    .map((constraint) => compile(constraint, pod, selectorOf(constraint.labelSelector)));
}

/** Upstream's defaults for a pod without constraints, of which `selector` selects its like. None of them forbids a node. */
export function defaultSpreadsOf(pod: Pod, selector: LabelSelector): readonly Spread[] {
  if (selector.isEmpty) return [];
  const whenUnsatisfiable = "ScheduleAnyway";
  return [
    { topologyKey: HOSTNAME, maxSkew: 3, whenUnsatisfiable },
    { topologyKey: "topology.kubernetes.io/zone", maxSkew: 5, whenUnsatisfiable },
  ].map((constraint) => compile(constraint, pod, selector));
}

export function hasAllKeys({ labels }: NodeInfo, spreads: readonly Spread[]): boolean {
  return spreads.every(({ topologyKey }) => labels[topologyKey] !== undefined);
}

/** Pods of the namespace on the node that are selected; those on their way out are not, and an empty selector selects none. */
export function countOn(node: NodeInfo, { selector }: Spread, namespace: string | undefined): number {
  let count = 0;
  for (const { pod } of node.pods.values()) if (isLike(pod, selector, namespace)) count++;
  return count;
}

export function isLike({ metadata }: Pod, selector: LabelSelector, namespace: string | undefined): boolean {
  if (selector.isEmpty || metadata.namespace !== namespace || metadata.deletionTimestamp) return false;
  return selector.matches(metadata.labels);
}

function compile(
  {
    topologyKey,
    maxSkew,
    minDomains = 1,
    nodeAffinityPolicy = "Honor",
    nodeTaintsPolicy = "Ignore",
  }: TopologySpreadConstraint,
  { spec }: Pod,
  selector: LabelSelector,
): Spread {
  const required = nodeAffinityPolicy === "Honor" ? requiredNode(spec!) : undefined;
  return {
    topologyKey,
    maxSkew,
    minDomains,
    selector,
    counts: (node) =>
      (!required || isRequiredNode(required, node.node!)) &&
      (nodeTaintsPolicy !== "Honor" || toleratesNode(spec!.tolerations, node.taints)),
  };
}
