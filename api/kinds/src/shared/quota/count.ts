/** What a quota's namespace uses now, of all that the quota limits and that can be told. */

import type { ApiObject } from "@knarr/machinery/object.ts";
import type { ResourceQuota } from "../../../generated/core-v1.ts";
import type { Evaluator, Surroundings } from "./evaluator.ts";
import { evaluatorsFor, isInScopes, tracked } from "./evaluators.ts";
import { only, plus, ZERO, type Usage } from "./usage.ts";

/** `objectsOf` gives the objects of the namespace; undefined for a kind that is not known, whose limits are then left out. */
export function countUsage(
  quota: ResourceQuota,
  around: Surroundings,
  objectsOf: (evaluator: Evaluator) => readonly ApiObject[] | undefined,
): Usage {
  const limits = Object.keys(quota.spec?.hard ?? {});
  let all: Usage = {};
  for (const evaluator of evaluatorsFor(limits)) {
    const objects = objectsOf(evaluator);
    const names = objects ? tracked(evaluator, limits, around) : [];
    if (names.length === 0) continue;
    let used: Usage = Object.fromEntries(names.map((name) => [name, ZERO]));
    for (const object of objects!)
      if (isInScopes(quota, evaluator, object)) used = plus(used, evaluator.usage(object, around));
    all = plus(
      all,
      only(used, (name) => names.includes(name)),
    );
  }
  return all;
}
