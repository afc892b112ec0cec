/** Quality of service: the class of a pod, and what it means for the kernel. Pure. */

import type { Container, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { milliValue, wholeValue } from "../amount.ts";
import { isSidecar } from "./containers.ts";

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

const counted = ["cpu", "memory"] as const;

/** By cpu and memory alone, over all containers, or by what the pod says for itself as a whole. */
export function qosClass(pod: Pod): QosClass {
  const containers: readonly Pick<Container, "resources">[] = pod.spec?.resources
    ? [{ resources: pod.spec.resources }]
    : [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  let any = false;
  let guaranteed = true;
  for (const { resources } of containers) {
    for (const name of counted) {
      const limit = amount(resources?.limits?.[name]);
      const request =
        amount(resources?.requests?.[name]) || (resources?.requests?.[name] === undefined ? limit : 0n);
      if (limit > 0n || request > 0n) any = true;
      if (limit === 0n || limit !== request) guaranteed = false;
    }
  }
  return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
}

const CRITICAL_PRIORITY = 2_000_000_000;

/** Who the kernel kills first when memory runs out: from -997 (last) to 1000 (first). */
export function oomScoreAdjust(pod: Pod, container: Container, memoryCapacityBytes: number): number {
  if ((pod.spec?.priority ?? 0) >= CRITICAL_PRIORITY) return -997;
  const qos = qosClass(pod);
  if (qos === "Guaranteed") return -997;
  if (qos === "BestEffort") return 1000;
  const own = burstableScore(container, memoryCapacityBytes);
  if (!isSidecar(container)) return own;
  // A sidecar must not die before what it serves
  return Math.min(
    own,
    ...(pod.spec?.containers ?? []).map((other) => burstableScore(other, memoryCapacityBytes)),
  );
}

function burstableScore(container: Container, memoryCapacityBytes: number): number {
  const request = Number(
    wholeOf(container.resources?.requests?.["memory"] ?? container.resources?.limits?.["memory"]),
  );
  const score = 1000 - Math.floor((1000 * request) / memoryCapacityBytes);
  // 2 and below are for the guaranteed, 1000 for those without requests
  return score < 3 ? 3 : score === 1000 ? 999 : score;
}

function amount(quantity: string | number | undefined): bigint {
  return quantity === undefined ? 0n : milliValue(quantity);
}

function wholeOf(quantity: string | number | undefined): bigint {
  return quantity === undefined ? 0n : wholeValue(quantity);
}
