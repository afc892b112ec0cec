/**
 * What a write costs each quota of its namespace, before anybody looks whether they can afford it. Refuses what no quota can tell the cost
 * of, and what may only be used where some quota covers it.
 */

import type { ResourceQuota, ScopedResourceSelectorRequirement } from "@knarr/kinds/generated/core-v1.ts";
import type { Evaluator, Surroundings } from "@knarr/kinds/shared/quota/evaluator.ts";
import { isInScopes, tracked } from "@knarr/kinds/shared/quota/evaluators.ts";
import { scopesOf } from "@knarr/kinds/shared/quota/scopes.ts";
import { moreThan, withoutZeros, type Usage } from "@knarr/kinds/shared/quota/usage.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { ApiError } from "@knarr/machinery/status.ts";

/** A resource that may be used only where a quota says how much: upstream's `limitedResources` of the plugin's configuration. */
export interface LimitedResource {
  readonly apiGroup?: string;
  readonly resource: string;
  /** Of names of what is limited, as in `requests.cpu`. */
  readonly matchContains?: readonly string[];
  readonly matchScopes?: readonly ScopedResourceSelectorRequirement[];
}

/** One write. */
export interface Wanted {
  readonly object: ApiObject;
  /** Undefined on creation. */
  readonly previous: ApiObject | undefined;
  readonly evaluator: Evaluator;
  readonly around: Surroundings;
  readonly limited: readonly LimitedResource[];
  refuse(why: string): ApiError;
}

/** By quota; empty for what costs nothing. */
export type Costs = ReadonlyMap<ResourceQuota, Usage>;
const nothing: Costs = new Map();

/** Throws ApiError. */
export function costsOf(wanted: Wanted, quotas: readonly ResourceQuota[]): Costs {
  const { object, previous, evaluator, around, refuse } = wanted;
  const concerned = concernedBy(wanted, quotas);
  const usage = evaluator.usage(object, around);
  const negative = Object.keys(usage).filter((name) => usage[name]!.sign < 0);
  if (negative.length > 0)
    throw refuse(`quota usage is negative for resource(s): ${negative.sort().join(",")}`);

  const more = previous ? moreThan(usage, evaluator.usage(previous, around)) : usage;
  const costs = [...concerned.keys()]
    .map((quota) => [quota, withoutZeros(isNewTo(quota, wanted) ? usage : more)] as const)
    .filter(([, cost]) => Object.keys(cost).length > 0);
  const isFree = concerned.size > 0 ? costs.length === 0 : Object.keys(withoutZeros(more)).length === 0;
  if (isFree) return nothing;
  requireCover(wanted, usage, { quotas, covered: new Set([...concerned.values()].flat()) });
  return new Map(costs);
}

/** Quotas that the object counts against, with the names of what they limit of it. */
function concernedBy(
  { object, evaluator, around, refuse }: Wanted,
  quotas: readonly ResourceQuota[],
): ReadonlyMap<ResourceQuota, readonly string[]> {
  const concerned = new Map<ResourceQuota, readonly string[]>();
  for (const quota of quotas) {
    const { metadata, status = {} } = quota;
    const names = tracked(evaluator, Object.keys(status.hard ?? {}), around).sort();
    if (names.length === 0 || !isInScopes(quota, evaluator, object)) continue;
    const missing = evaluator.missing?.(object, names);
    if (missing) throw refuse(`failed quota: ${metadata.name}: ${missing}`);
    if (names.some((name) => status.used?.[name] === undefined))
      throw refuse(`status unknown for quota: ${metadata.name}, resources: ${names.join(",")}`);
    concerned.set(quota, names);
  }
  return concerned;
}

/** An object that comes into the scopes of a quota by a change costs it all that it uses. */
function isNewTo(quota: ResourceQuota, { previous, evaluator }: Wanted): boolean {
  return previous !== undefined && !isInScopes(quota, evaluator, previous);
}

function requireCover(
  { object, evaluator, limited, refuse }: Wanted,
  usage: Usage,
  { quotas, covered }: { readonly quotas: readonly ResourceQuota[]; readonly covered: ReadonlySet<string> },
): void {
  const used = Object.keys(usage).filter((name) => usage[name]!.sign > 0);
  const uncovered = limited
    .filter(({ apiGroup, resource }) => evaluator.kind === (apiGroup ? `${resource}.${apiGroup}` : resource))
    .flatMap(({ matchContains = [] }) =>
      used.filter((name) => matchContains.some((part) => name.includes(part))),
    )
    .filter((name) => !covered.has(name));
  if (uncovered.length > 0)
    throw refuse(`insufficient quota to consume: ${[...new Set(uncovered)].sort().join(",")}`);

  const isIn = (scope: ScopedResourceSelectorRequirement): boolean =>
    evaluator.isIn?.(object, scope) ?? false;
  const allowed = new Set(
    quotas
      .flatMap(scopesOf)
      .filter(isIn)
      .map(({ scopeName }) => scopeName),
  );
  const scopes = limited
    .flatMap(({ matchScopes = [] }) => matchScopes)
    .filter((scope) => isIn(scope) && !allowed.has(scope.scopeName));
  if (scopes.length > 0)
    throw new ApiError(
      "Unknown",
      `insufficient quota to match these scopes: [${scopes.map(scopeText).join(" ")}]`,
      undefined,
      { code: 500 },
    );
}

/** As Go prints it. */
function scopeText({ scopeName, operator, values = [] }: ScopedResourceSelectorRequirement): string {
  return `{${scopeName} ${operator} [${values.join(" ")}]}`;
}
