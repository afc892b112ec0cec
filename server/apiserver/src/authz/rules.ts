/** Whether RBAC rules allow a request. Lists of rules are prepared once, by their identity: roles are frozen. */

import type { PolicyRule } from "@knarr/kinds/generated/rbac-v1.ts";
import type { Attributes } from "../request.ts";
import { coversPath } from "./rule-cover.ts";

interface Prepared {
  /** undefined: any. */
  readonly verbs: ReadonlySet<string> | undefined;
  readonly groups: ReadonlySet<string> | undefined;
  readonly resources: ReadonlySet<string> | undefined;
  readonly names: ReadonlySet<string> | undefined;
  readonly paths: readonly string[];
  readonly isForResources: boolean;
}

const prepared = new WeakMap<readonly PolicyRule[], readonly Prepared[]>();

export function rulesAllow(rules: readonly PolicyRule[], attributes: Attributes): boolean {
  let all = prepared.get(rules);
  if (!all) prepared.set(rules, (all = rules.map(prepare)));
  const { verb, isResource, group, resource, subresource, name, path } = attributes;
  if (!isResource) {
    return all.some(
      ({ verbs, paths }) =>
        paths.length > 0 &&
        (!verbs || verbs.has(verb)) &&
        paths.some((own) => own === "*" || coversPath(own, path)),
    );
  }
  const full = subresource ? `${resource}/${subresource}` : resource;
  for (const rule of all) {
    if (!rule.isForResources || (rule.verbs && !rule.verbs.has(verb))) continue;
    if (rule.groups && !rule.groups.has(group)) continue;
    if (rule.names && !rule.names.has(name)) continue;
    if (!rule.resources || rule.resources.has(full)) return true;
    if (subresource && rule.resources.has(`*/${subresource}`)) return true;
  }
  return false;
}

function prepare({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): Prepared {
  return {
    verbs: verbs.includes("*") ? undefined : new Set(verbs),
    groups: apiGroups?.includes("*") ? undefined : new Set(apiGroups),
    resources: resources?.includes("*") ? undefined : new Set(resources),
    names: resourceNames?.length ? new Set(resourceNames) : undefined,
    paths: nonResourceURLs ?? [],
    isForResources: (resources?.length ?? 0) > 0,
  };
}
