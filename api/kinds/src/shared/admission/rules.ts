/** Which requests admission is for: rules of operations and resources, as webhooks and policies write them. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { validateLabelSelector } from "@knarr/machinery/label-selector-rules.ts";
import { nameIsPathSegment } from "@knarr/machinery/names.ts";
import type {
  MatchResources,
  NamedRuleWithOperations,
  RuleWithOperations,
} from "../../../generated/admissionregistration-v1.ts";
import { checkOneOf, reject } from "../values.ts";

const OPERATIONS = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const MUTATING_OPERATIONS = ["*", "CONNECT", "CREATE", "UPDATE"];
const SCOPES = ["*", "Cluster", "Namespaced"];
export const MATCH_POLICIES = ["Equivalent", "Exact"];

export function defaultRules(rules: readonly RuleWithOperations[] | undefined): void {
  for (const rule of rules ?? []) rule.scope ??= "*";
}

export function defaultMatchResources(match: MatchResources | undefined): void {
  if (!match) return;
  match.matchPolicy ??= "Equivalent";
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  defaultRules(match.resourceRules);
  defaultRules(match.excludeResourceRules);
}

export function validateMatchResources(match: MatchResources | undefined, errors: FieldErrors): void {
  if (!match) return;
  const { matchPolicy, namespaceSelector, objectSelector } = match;
  if (matchPolicy == null) errors.at("matchPolicy").required();
  else checkOneOf(errors.at("matchPolicy"), matchPolicy, MATCH_POLICIES);
  for (const [field, selector] of Object.entries({ namespaceSelector, objectSelector })) {
    if (!selector) errors.at(field).required();
    validateLabelSelector(selector, errors.at(field));
  }
  for (const field of ["resourceRules", "excludeResourceRules"] as const)
    (match[field] ?? []).forEach((rule, i) => validateNamedRule(rule, errors.at(field).at(i)));
}

function validateNamedRule(rule: NamedRuleWithOperations, errors: FieldErrors): void {
  const seen = new Set<string>();
  (rule.resourceNames ?? []).forEach((name, i) => {
    const at = errors.at("resourceNames").at(i);
    reject(at, name, nameIsPathSegment(name, { generateName: false }));
    if (seen.has(name)) at.duplicate(name);
    seen.add(name);
  });
  validateRule(rule, errors);
}

/** What is deleted cannot be changed. */
export function checkMutatingOperations(match: MatchResources | undefined, errors: FieldErrors): void {
  const at = errors.at("resourceRules").at("operations");
  for (const { operations = [] } of match?.resourceRules ?? [])
    for (const operation of operations) checkOneOf(at, operation, MUTATING_OPERATIONS);
}

export function validateRule(rule: RuleWithOperations, errors: FieldErrors): void {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], scope } = rule;
  validateWithWildcard(operations, "operations", errors.at("operations"));
  operations.forEach((operation, i) => checkOneOf(errors.at("operations").at(i), operation, OPERATIONS));
  validateWithWildcard(apiGroups, "API groups", errors.at("apiGroups"));
  validateWithWildcard(apiVersions, "API versions", errors.at("apiVersions"));
  apiVersions.forEach((version, i) => {
    if (version === "") errors.at("apiVersions").at(i).required();
  });
  validateResources(resources, errors.at("resources"));
  checkOneOf(errors.at("scope"), scope, SCOPES);
}

function validateWithWildcard(list: readonly string[], what: string, errors: FieldErrors): void {
  if (list.length === 0) errors.required();
  if (list.length > 1 && list.includes("*"))
    errors.invalid(list, `if '*' is present, must not specify other ${what}`);
}

/** `pods`, `pods/status`, `pods/*`, and a star on the left; what one covers need not be said again. */
function validateResources(resources: readonly string[], errors: FieldErrors): void {
  if (resources.length === 0) errors.required();
  const wholes = new Set<string>();
  const everywhere = new Set<string>();
  resources.forEach((text, i) => {
    const at = errors.at(i);
    if (text === "") return at.required();
    const slash = text.indexOf("/");
    if (slash < 0) return;
    const [resource, subresource] = [text.slice(0, slash), text.slice(slash + 1)];
    if (wholes.has(resource)) at.invalid(text, `if '${resource}/*' is present, must not specify ${text}`);
    if (everywhere.has(subresource))
      at.invalid(text, `if '*/${subresource}' is present, must not specify ${text}`);
    if (subresource === "*") wholes.add(resource);
    if (resource === "*") everywhere.add(subresource);
  });
  if (resources.length > 1 && resources.includes("*/*"))
    errors.invalid(resources, "if '*/*' is present, must not specify other resources");
  // Of those without subresource upstream asks the last.
  const last = resources.findLast((text) => text !== "" && !text.includes("/"));
  if (resources.includes("*") && last !== "*")
    errors.invalid(resources, "if '*' is present, must not specify other resources without subresources");
}
