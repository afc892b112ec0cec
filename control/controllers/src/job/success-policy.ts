/** Whether enough indexes of a Job succeeded for it to be done, though not all did. */

import type { SuccessPolicy } from "@knarr/kinds/generated/batch-v1.ts";
import { IndexSet } from "./indexes.ts";

/** The first rule that is met, in words. */
export function metRule(
  policy: SuccessPolicy | undefined,
  succeeded: IndexSet,
  completions: number,
): string | undefined {
  if (!policy || succeeded.size === 0) return undefined;
  const index = policy.rules.findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes == null) return succeededCount != null && succeeded.size >= succeededCount;
    const wanted = IndexSet.parse(succeededIndexes, completions);
    const count = wanted.countIn(succeeded);
    return wanted.size > 0 && (count === wanted.size || (succeededCount != null && count >= succeededCount));
  });
  return index < 0 ? undefined : `Matched rules at index ${index}`;
}
