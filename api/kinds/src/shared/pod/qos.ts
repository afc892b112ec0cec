/** The quality of service that a pod's requests and limits earn it: who is evicted last, who first. */

import type { PodSpec, ResourceRequirements } from "../../../generated/core-v1.ts";
import { add, compare, isPositive } from "../amounts.ts";

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

/** Guaranteed: limits of CPU and memory everywhere, and requests equal to them. BestEffort: neither anywhere. */
export function qosClassOf({ resources, containers = [], initContainers = [] }: PodSpec): QosClass {
  const all = resources ? [resources] : [...containers, ...initContainers].map((c) => c.resources ?? {});
  const requests = total(all, "requests");
  const limits = total(all, "limits");
  if (!Object.keys(requests).length && !Object.keys(limits).length) return "BestEffort";
  const isLimited = resources
    ? !resources.limits || hasBoth(resources.limits)
    : all.every((r) => hasBoth(r.limits));
  const isEqual =
    Object.keys(requests).length === Object.keys(limits).length &&
    Object.entries(requests).every(([name, amount]) => limits[name] && compare(amount, limits[name]) === 0);
  return isLimited && isEqual ? "Guaranteed" : "Burstable";
}

type Amounts = Readonly<Record<string, string>>;
const counted = ["cpu", "memory"];

function hasBoth(list: Amounts | undefined): boolean {
  return counted.every((name) => list?.[name] !== undefined && isPositive(list[name]));
}

function total(all: readonly ResourceRequirements[], list: "requests" | "limits"): Amounts {
  const sum: Record<string, string> = {};
  for (const resources of all)
    for (const name of counted) {
      const amount = resources[list]?.[name];
      if (amount === undefined || !isPositive(amount)) continue;
      sum[name] = sum[name] === undefined ? amount : add(sum[name], amount);
    }
  return sum;
}
