/** Taints of nodes against tolerations of pods. */

import type { Taint, Toleration } from "../../../generated/core-v1.ts";

export function tolerates(tolerations: readonly Toleration[] | undefined, taint: Taint): boolean {
  return tolerations?.some((toleration) => toleratesIt(toleration, taint)) ?? false;
}

/** Whether none of a node's taints keeps a pod with these tolerations away. */
export function toleratesNode(
  tolerations: readonly Toleration[] | undefined,
  taints: readonly Taint[] = [],
): boolean {
  return !taints.some((taint) => keepsAway(taint, tolerations));
}

/** Not so a taint that only makes its node less liked. */
export function keepsAway(taint: Taint, tolerations: readonly Toleration[] | undefined): boolean {
  return taint.effect !== "PreferNoSchedule" && !tolerates(tolerations, taint);
}

/** Nothing in a toleration means anything: no effect all effects, no key (with Exists) all keys. */
export function toleratesIt({ effect, key, operator, value }: Toleration, taint: Taint): boolean {
  if (effect && effect !== taint.effect) return false;
  if (key && key !== taint.key) return false;
  switch (operator ?? "Equal") {
    case "":
    case "Equal":
      return (value ?? "") === (taint.value ?? "");
    case "Exists":
      return true;
    default:
      return false;
  }
}
