/** How many replicas a metric's figures want, by what its target is: an amount of each pod, a share of requests, a total. */

import type { MetricTarget, MetricValueStatus } from "@knarr/kinds/generated/autoscaling-v2.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { parseQuantity, Quantity } from "@knarr/machinery/quantity.ts";
import type { Figures, PodsOf } from "./metrics.ts";
import {
  amountYardstick,
  replicasForPods,
  replicasForShare,
  replicasForTotal,
  utilizationYardstick,
  type Tolerances,
} from "./replicas.ts";
import { requestsOf, type Requested } from "./requests.ts";

/** What is scaled, as it is now. */
export interface Scaled extends PodsOf {
  readonly pods: readonly Pod[];
  /** What the target is to have, and what it has. */
  readonly currentReplicas: number;
  readonly statusReplicas: number;
  readonly tolerances: Tolerances;
  readonly now: number;
}

export interface Counted {
  readonly replicas: number;
  readonly current: MetricValueStatus;
}

export async function replicasByResource(
  what: Requested,
  { averageValue, averageUtilization }: MetricTarget,
  { scaled, figures }: { readonly scaled: Scaled; readonly figures: Figures },
): Promise<Counted> {
  const { resource: name } = what;
  const target = averageValue ? milli(averageValue) : averageUtilization;
  if (target === undefined)
    throw new Error(
      "invalid resource metric source: neither an average utilization target nor an average value (usage) target was set",
    );
  const yardstick = averageValue
    ? amountYardstick(target)
    : utilizationYardstick(target, () => requestsOf(scaled.pods, what));
  try {
    const found = await told(
      (why) => `unable to get metrics for resource ${name}: ${why}`,
      figures.resource(scaled, what),
    );
    const question = { ...scaled, figures: found, isCpu: name === "cpu" };
    const { replicas, average, utilization } = replicasForPods(question, yardstick);
    const format = name === "memory" ? "BinarySI" : "DecimalSI"; // as metrics-server writes it
    const value = Quantity.ofMilli(average, format).toString();
    const percent = utilization === undefined ? {} : { averageUtilization: utilization };
    return { replicas, current: { ...percent, averageValue: value } };
  } catch (err) {
    const of = averageValue ? "usage" : "utilization";
    throw new Error(`failed to get ${name} ${of}: ${(err as Error).message}`, { cause: err });
  }
}

export function replicasByTotal(usage: number, target: MetricTarget, scaled: Scaled): Counted {
  const { statusReplicas, tolerances } = scaled;
  if (!isShare(target)) {
    const replicas = replicasForTotal(scaled, usage / milli(target.value!));
    return { replicas, current: { value: amount(usage) } };
  }
  const question = { currentReplicas: statusReplicas, tolerances };
  const replicas = replicasForShare(question, usage, milli(target.averageValue!));
  const average = Math.ceil(usage / Math.max(1, statusReplicas)); // of none, all of it is left to the first
  return { replicas, current: { averageValue: amount(average) } };
}

export function isShare({ averageValue }: MetricTarget): boolean {
  return averageValue != null;
}

/** The answer, or the error in these words. */
export async function told<T>(words: (why: string) => string, asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (err) {
    throw new Error(words((err as Error).message), { cause: err });
  }
}

export function milli(quantity: string): number {
  return parseQuantity(quantity).milliValue;
}

export function amount(milliValue: number): string {
  return Quantity.ofMilli(milliValue).toString();
}
