/**
 * Whether rules allow all that others allow: the heart of "nobody grants what they do not have", and of repairing the default
 * policy. Rules are broken down to single verbs, groups, resources and names, and each piece must be covered by one rule.
 */

import type { PolicyRule } from "@knarr/kinds/generated/rbac-v1.ts";

/** Pieces of `wanted` that no rule of `owned` covers. */
export function uncovered(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(pieces).filter((piece) => !owned.some((rule) => covers(rule, piece)));
}

function pieces(rule: PolicyRule): PolicyRule[] {
  const found: PolicyRule[] = [];
  for (const group of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      for (const verb of rule.verbs) {
        const piece = { apiGroups: [group], resources: [resource], verbs: [verb] };
        const names = rule.resourceNames ?? [];
        if (names.length === 0) found.push(piece);
        else found.push(...names.map((name) => ({ ...piece, resourceNames: [name] })));
      }
    }
  }
  for (const path of rule.nonResourceURLs ?? []) {
    for (const verb of rule.verbs) found.push({ nonResourceURLs: [path], verbs: [verb] });
  }
  return found;
}

function covers(rule: PolicyRule, piece: PolicyRule): boolean {
  const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const names = piece.resourceNames ?? [];
  return (
    hasAll(rule.verbs, piece.verbs) &&
    hasAll(apiGroups, piece.apiGroups ?? []) &&
    (piece.resources ?? []).every((resource) => coversResource(resources, resource)) &&
    (resourceNames.length === 0 ||
      (names.length > 0 && names.every((name) => resourceNames.includes(name)))) &&
    (piece.nonResourceURLs ?? []).every((path) => nonResourceURLs.some((own) => coversPath(own, path)))
  );
}

function hasAll(owned: readonly string[], wanted: readonly string[]): boolean {
  return owned.includes("*") || wanted.every((one) => owned.includes(one));
}

function coversResource(owned: readonly string[], resource: string): boolean {
  if (owned.includes("*") || owned.includes(resource)) return true;
  const slash = resource.indexOf("/");
  return slash >= 0 && owned.includes(`*/${resource.slice(slash + 1)}`);
}

export function coversPath(owned: string, path: string): boolean {
  return owned === path || (owned.endsWith("*") && path.startsWith(owned.replace(/\*+$/, "")));
}

/** Rules about one resource each, joined where only the verbs differ: shorter to read. */
export function compact(rules: readonly PolicyRule[]): PolicyRule[] {
  const simple = new Map<string, PolicyRule>();
  const others: PolicyRule[] = [];
  for (const rule of rules) {
    const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
    if (
      nonResourceURLs.length > 0 ||
      apiGroups.length !== 1 ||
      resources.length !== 1 ||
      resourceNames.length > 1
    ) {
      others.push(rule);
      continue;
    }
    const key = JSON.stringify([apiGroups, resources, resourceNames]);
    const before = simple.get(key);
    simple.set(key, before ? { ...before, verbs: [...before.verbs, ...rule.verbs] } : rule);
  }
  return [...others, ...simple.values()];
}

/** `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}` */
export function ruleText(rule: PolicyRule): string {
  const part = (name: string, values: readonly string[] | undefined): string[] =>
    values?.length ? [`${name}:[${values.map((value) => JSON.stringify(value)).join(" ")}]`] : [];
  return `{${[
    ...part("APIGroups", rule.apiGroups),
    ...part("Resources", rule.resources),
    ...part("NonResourceURLs", rule.nonResourceURLs),
    ...part("ResourceNames", rule.resourceNames),
    ...part("Verbs", rule.verbs),
  ].join(", ")}}`;
}
