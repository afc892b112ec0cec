/**
 * Rules of operations and resources, as webhooks and policies write them: `pods`, `pods/status`, and a star on either side of the slash. Whether
 * a rule is for a request depends on nothing but what is in `Subject`, so it is found out once for each.
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import type { AdmissionRequest } from "../../request.ts";

/** RuleWithOperations, and NamedRuleWithOperations of policies. */
export interface Rule {
  readonly operations?: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly apiVersions?: readonly string[];
  readonly resources?: readonly string[];
  readonly scope?: string;
  readonly resourceNames?: readonly string[];
}

export interface Subject {
  readonly operation: AdmissionRequest["operation"];
  readonly resource: Resource<any>;
  readonly subresource: string;
}

/** All but `resourceNames`. */
export function ruleMatches(rule: Rule, { operation, resource, subresource }: Subject): boolean {
  return (
    scopeMatches(rule.scope, resource) &&
    has(rule.operations, operation) &&
    has(rule.apiGroups, resource.group) &&
    has(rule.apiVersions, resource.version) &&
    (rule.resources ?? []).some((text) => resourceMatches(text, resource.plural, subresource))
  );
}

function has(list: readonly string[] | undefined, wanted: string): boolean {
  return list?.some((item) => item === "*" || item === wanted) ?? false;
}

function scopeMatches(scope: string | undefined, { scope: actual }: Resource<any>): boolean {
  return scope === undefined || scope === "*" || scope === actual;
}

function resourceMatches(text: string, plural: string, subresource: string): boolean {
  const slash = text.indexOf("/");
  const [left, right] = slash < 0 ? [text, ""] : [text.slice(0, slash), text.slice(slash + 1)];
  return (left === "*" || left === plural) && (right === "*" || right === subresource);
}
