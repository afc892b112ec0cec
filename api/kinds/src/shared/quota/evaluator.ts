/**
 * How objects of one kind count against quotas: one literal per kind that uses more than its own number, named in `evaluators.ts`. Both
 * admission, which charges quotas, and the controller that counts anew go by these.
 */

import type { ApiObject } from "@knarr/machinery/object.ts";
import type { ScopedResourceSelectorRequirement } from "../../../generated/core-v1.ts";
import type { Resource } from "../../resource.ts";
import type { Usage } from "./usage.ts";

export interface Evaluator<T extends ApiObject = any> {
  /** `pods`, `resourceclaims.resource.k8s.io`. */
  readonly kind: string;
  /** The kind, unless its objects are only counted; and what else `tracks` and `usage` look at. */
  readonly reads?: readonly Resource<any>[];
  /** Whether a limit of this name can be about objects of this kind, and whether it is, as things are. Default: if it can be. */
  mayTrack(name: string): boolean;
  tracks?(name: string, around: Surroundings): boolean;
  usage(object: T, around: Surroundings): Usage;
  /** Whether a scope is about the object. Where there is no such rule, quotas with scopes do not count the kind. */
  isIn?(object: T, scope: ScopedResourceSelectorRequirement): boolean;
  /** What the object must say and does not when `names` are limited, for the refusal. */
  missing?(object: T, names: readonly string[]): string | undefined;
  /** Whether a change may use more. Default: only creation does. */
  isCharged?(change: Change<T>): boolean;
}

/** What else an evaluator may look at. */
export interface Surroundings {
  readonly now: number;
  get<T extends ApiObject>(resource: Resource<T>, key: string): T | undefined;
  list<T extends ApiObject>(resource: Resource<T>, namespace?: string): readonly T[];
}

export interface Change<T extends ApiObject = any> {
  readonly object: T;
  /** Undefined on creation. */
  readonly previous: T | undefined;
  readonly subresource: string;
}

/** `count/deployments.apps`: how many there are, whatever they use. */
export function countName(kind: string): string {
  return `count/${kind}`;
}
