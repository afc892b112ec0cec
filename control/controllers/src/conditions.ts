/** Lists of conditions, changed the way upstream's controllers change them: a list is never changed, a new one is returned. */

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

export function conditionOf<C extends Condition>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** `conditions` with `wanted` in it; the same list when the type is there with this status and reason already. */
export function withCondition<C extends Condition>(conditions: readonly C[], wanted: C): readonly C[] {
  const current = conditionOf(conditions, wanted.type);
  if (current?.status === wanted.status && current.reason === wanted.reason) return conditions;
  return [...withoutCondition(conditions, wanted.type), wanted];
}

export function withoutCondition<C extends Condition>(conditions: readonly C[], type: string): readonly C[] {
  return conditions.some((condition) => condition.type === type)
    ? conditions.filter((condition) => condition.type !== type)
    : conditions;
}
