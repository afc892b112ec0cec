/** What the status of a disruption budget says of the disruptions left: kept by who counts pods and by who evicts them. */

import type { Condition } from "../../generated/meta.ts";
import type { PodDisruptionBudgetStatus } from "../../generated/policy-v1.ts";

const TYPE = "DisruptionAllowed";

export function disruptionAllowed(status: PodDisruptionBudgetStatus | undefined): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === TYPE);
}

/** The status with the condition that follows from how many disruptions it allows. */
export function withDisruptionAllowed(
  status: PodDisruptionBudgetStatus,
  now: string,
): PodDisruptionBudgetStatus {
  const allows = (status.disruptionsAllowed ?? 0) > 0;
  return withDisruptionCondition(
    status,
    allows ? { status: "True", reason: "SufficientPods" } : { status: "False", reason: "InsufficientPods" },
    now,
  );
}

/** The status with the condition as given, which keeps its time while it says the same. */
export function withDisruptionCondition(
  status: PodDisruptionBudgetStatus,
  wanted: { readonly status: string; readonly reason: string; readonly message?: string },
  now: string,
): PodDisruptionBudgetStatus {
  const before = disruptionAllowed(status);
  const { observedGeneration } = status;
  const condition: Condition = {
    type: TYPE,
    message: "",
    ...wanted,
    ...(observedGeneration && { observedGeneration }),
    lastTransitionTime: before?.status === wanted.status ? before.lastTransitionTime : now,
  };
  const conditions = status.conditions ?? [];
  return {
    ...status,
    conditions: before
      ? conditions.map((one) => (one === before ? condition : one))
      : [...conditions, condition],
  };
}
