/** Disruption budgets, as preemption looks at them: a budget that allows no more is reason to evict others, and no reason to evict nobody. */

import type { PodDisruptionBudget } from "@knarr/kinds/generated/policy-v1.ts";
import { selectorOf } from "@knarr/kinds/shared/stored-selector.ts";
import type { PodInfo } from "./pod-info.ts";

/** Those whose eviction some budget would not allow, if all before them in the list were evicted, too. */
export function beyondBudget(
  pods: readonly PodInfo[],
  budgets: readonly PodDisruptionBudget[],
): ReadonlySet<PodInfo> {
  const left = budgets.map((budget) => ({ budget, allowed: budget.status?.disruptionsAllowed ?? 0 }));
  return new Set(
    pods.filter((info) => {
      const concerned = left.filter(({ budget }) => protects(budget, info));
      for (const each of concerned) each.allowed--;
      return concerned.some(({ allowed }) => allowed < 0);
    }),
  );
}

/** A selector that selects everything protects nothing here, nor does any a pod without labels; a pod whose eviction the budget has counted already is not counted again. */
function protects({ metadata, spec, status }: PodDisruptionBudget, { pod }: PodInfo): boolean {
  const { namespace, name = "", labels = {} } = pod.metadata;
  if (metadata.namespace !== namespace || Object.keys(labels).length === 0) return false;
  const selector = selectorOf(spec?.selector);
  const isProtected = !selector.isEmpty && selector.matches(labels);
  return isProtected && !Object.hasOwn(status?.disruptedPods ?? {}, name);
}
