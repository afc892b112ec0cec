/** Every kind that quotas know more of than its number, by name; all others are counted. */

import type { ApiObject } from "@knarr/machinery/object.ts";
import type { ResourceQuota } from "../../../generated/core-v1.ts";
import { countedKind, counting } from "./counts.ts";
import { deviceClaims } from "./device-claims.ts";
import type { Evaluator, Surroundings } from "./evaluator.ts";
import { pods } from "./pods.ts";
import { scopesOf } from "./scopes.ts";
import { services } from "./services.ts";
import { volumeClaims } from "./volume-claims.ts";

const special = [pods, services, volumeClaims, deviceClaims];
const evaluators = new Map<string, Evaluator>(special.map((evaluator) => [evaluator.kind, evaluator]));

/** Not stored, or too many to be counted. */
const uncounted: ReadonlySet<string> = new Set([
  "bindings",
  "componentstatuses",
  "events",
  "events.events.k8s.io",
  "tokenreviews.authentication.k8s.io",
  "selfsubjectreviews.authentication.k8s.io",
  "subjectaccessreviews.authorization.k8s.io",
  "selfsubjectaccessreviews.authorization.k8s.io",
  "localsubjectaccessreviews.authorization.k8s.io",
  "selfsubjectrulesreviews.authorization.k8s.io",
]);

/** `kind` as in `deployments.apps`. Undefined for what no quota limits. */
export function evaluatorOf(kind: string): Evaluator | undefined {
  if (uncounted.has(kind)) return undefined;
  return evaluators.getOrInsertComputed(kind, counting);
}

/** Those that limits of these names can be about. */
export function evaluatorsFor(names: readonly string[]): readonly Evaluator[] {
  const counted = names.map(countedKind).filter((kind) => kind !== undefined);
  const all = new Set([
    ...special.filter(({ mayTrack }) => names.some(mayTrack)),
    ...counted.map(evaluatorOf).filter((evaluator) => evaluator !== undefined),
  ]);
  return [...all];
}

/** Those of `names` that are about the evaluator's kind. */
export function tracked(evaluator: Evaluator, names: readonly string[], around: Surroundings): string[] {
  const { mayTrack, tracks = mayTrack } = evaluator;
  return names.filter((name) => tracks(name, around));
}

/** Whether the scopes of a quota are about the object. */
export function isInScopes(quota: ResourceQuota, { isIn }: Evaluator, object: ApiObject): boolean {
  return scopesOf(quota).every((scope) => isIn?.(object, scope) ?? false);
}
