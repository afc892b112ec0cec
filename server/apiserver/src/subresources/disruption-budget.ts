/**
 * What disruption budgets say to the eviction of a pod. The controller counts how many disruptions each allows; an eviction
 * takes one of them here, under the budget's own lock, and notes the pod, so that the controller knows of it before the pod is gone.
 */

import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { PodDisruptionBudget } from "@knarr/kinds/generated/policy-v1.ts";
import { podDisruptionBudget } from "@knarr/kinds/policy/pod-disruption-budget.ts";
import { disruptionAllowed, withDisruptionAllowed } from "@knarr/kinds/shared/disruption.ts";
import { queryOf } from "@knarr/kinds/shared/label-selector.ts";
import { ApiError, forbidden } from "@knarr/machinery/status.ts";
import type { Parts } from "../pipeline/parts.ts";
import { nowText } from "../writes/write.ts";

/** Evictions that the controller has not noticed: with more than these, something is wrong with it. */
const MOST_DISRUPTED = 2000;
const PROCESSING_SECONDS = 10;

/** The budget of `pod`, if it has one. */
export function budgetOf({ caches }: Parts, pod: Pod): PodDisruptionBudget | undefined {
  const budgets = caches.world
    .list(podDisruptionBudget, pod.metadata.namespace)
    .filter(({ spec }) => queryOf(spec?.selector)?.matches(pod.metadata.labels));
  if (budgets.length > 1) throw severalBudgets();
  return budgets[0];
}

/** An unready pod does not count, so that it may go: always, or as long as enough others are healthy. */
export function spares({ spec, status }: PodDisruptionBudget, pod: Pod): boolean {
  const isReady = pod.status?.conditions?.some((one) => one.type === "Ready" && one.status === "True");
  if (isReady) return false;
  if (spec?.unhealthyPodEvictionPolicy === "AlwaysAllow") return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

/** Takes one of the disruptions that are left. Throws TooManyRequests when there is none. */
export async function spend(
  parts: Parts,
  { metadata: { namespace = "", name = "" } }: PodDisruptionBudget,
  pod: Pod,
  { dryRun }: { readonly dryRun: boolean },
): Promise<void> {
  const served = parts.registry.of(podDisruptionBudget);
  const key = served.keyOf(namespace, name);
  if (dryRun) {
    const budget = served.cache.get(key)?.object;
    if (budget) checkLeft(budget);
    return;
  }
  const now = nowText(parts);
  await served.cache.update(key, (budget: PodDisruptionBudget) => {
    checkLeft(budget);
    const disruptionsAllowed = budget.status!.disruptionsAllowed! - 1;
    const disruptedPods = { ...budget.status!.disruptedPods, [pod.metadata.name!]: now };
    const status = { ...budget.status!, disruptionsAllowed, disruptedPods };
    return { ...budget, status: disruptionsAllowed ? status : withDisruptionAllowed(status, now) };
  });
}

function checkLeft({ metadata, status = {} }: PodDisruptionBudget): void {
  const { name = "", generation = 0 } = metadata;
  const { observedGeneration = 0, disruptionsAllowed = 0, disruptedPods = {} } = status;
  const refuse = (why: string) => forbidden({ group: "policy", resource: "poddisruptionbudget" }, name, why);
  if (observedGeneration < generation) throw stillProcessing(name);
  if (disruptionsAllowed < 0) throw refuse("pdb disruptions allowed is negative");
  if (Object.keys(disruptedPods).length > MOST_DISRUPTED)
    throw refuse("DisruptedPods map too big - too many evictions not confirmed by PDB controller");
  if (disruptionsAllowed === 0) throw violates(`The disruption budget ${name} ${whyNone(status)}`, 0);
}

function whyNone(status: NonNullable<PodDisruptionBudget["status"]>): string {
  const { currentHealthy = 0, desiredHealthy = 0 } = status;
  const condition = disruptionAllowed(status);
  const message = condition?.status === "False" ? condition.message : "";
  if (message && condition!.reason === "SyncFailed")
    return `does not allow evicting pods currently because it failed sync: ${message}`;
  if (currentHealthy <= desiredHealthy)
    return `needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  if (message) return `does not allow evicting pods currently (${condition!.reason}): ${message}`;
  return "does not allow evicting pods currently";
}

/** The caller should ask again in a moment. */
export function stillProcessing(budget: string): ApiError {
  return violates(
    `The disruption budget ${budget} is still being processed by the server.`,
    PROCESSING_SECONDS,
  );
}

function violates(message: string, retryAfterSeconds: number): ApiError {
  return new ApiError(
    "TooManyRequests",
    "Cannot evict pod as it would violate the pod's disruption budget.",
    {
      causes: [{ reason: "DisruptionBudget", message }],
      ...(retryAfterSeconds && { retryAfterSeconds }),
    },
  );
}

/** Upstream gives no reason but the code. */
function severalBudgets(): ApiError {
  return new ApiError(
    "Unknown",
    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    undefined,
    { code: 500 },
  );
}
