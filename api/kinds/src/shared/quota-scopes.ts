/** Scopes of a quota: which objects it counts, and what of them it may limit. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

import type { ResourceQuotaSpec, ScopedResourceSelectorRequirement } from "../../generated/core-v1.ts";
import { internalForm } from "./internal/form.ts";
import { isQuotaResource } from "./pod/resource-names.ts";

const ofPods = [
  "pods",
  "cpu",
  "memory",
  "limits.cpu",
  "limits.memory",
  "requests.cpu",
  "requests.memory",
] as const;

/** By scope, which resources it may be applied to. */
const resourcesOf = new Map<string, readonly string[]>([
  ["Terminating", ofPods],
  ["NotTerminating", ofPods],
  ["BestEffort", ["pods"]],
  ["NotBestEffort", ofPods],
  ["PriorityClass", ofPods],
  ["CrossNamespacePodAffinity", ofPods],
  ["VolumeAttributesClass", ["persistentvolumeclaims", "requests.storage"]],
]);

/** Scopes that ask nothing of a value. */
const plain: ReadonlySet<string> = new Set([
  "BestEffort",
  "NotBestEffort",
  "Terminating",
  "NotTerminating",
  "CrossNamespacePodAffinity",
]);

const opposites = [
  ["BestEffort", "NotBestEffort"],
  ["Terminating", "NotTerminating"],
] as const;

export function validateScopes(spec: ResourceQuotaSpec, errors: FieldErrors): void {
  const { scopes = [] } = spec;
  for (const scope of scopes) {
    if (!resourcesOf.has(scope)) errors.invalid(scopes, "unsupported scope");
    for (const _resource of misfits(spec, scope))
      errors.invalid(scopes, "unsupported scope applied to resource");
  }
  checkOpposites(scopes, spec, errors);
}

export function validateScopeSelector(spec: ResourceQuotaSpec, errors: FieldErrors): void {
  const { scopeSelector } = spec;
  if (!scopeSelector) return;
  const at = errors.at("matchExpressions");
  for (const requirement of scopeSelector.matchExpressions ?? []) {
    const { scopeName } = requirement;
    if (!resourcesOf.has(scopeName)) at.at("scopeName").invalid(scopeName, "unsupported scope");
    for (const _resource of misfits(spec, scopeName))
      at.invalid(internalForm(scopeSelector, "ScopeSelector"), "unsupported scope applied to resource");
    validateRequirement(requirement, at);
  }
  const names = (scopeSelector.matchExpressions ?? []).map(({ scopeName }) => scopeName);
  checkOpposites(names, spec, at);
}

/** Upstream names no index: all requirements are found fault with at one place. */
function validateRequirement(
  { scopeName, operator, values = [] }: ScopedResourceSelectorRequirement,
  errors: FieldErrors,
): void {
  if (plain.has(scopeName) && operator !== "Exists")
    errors
      .at("operator")
      .invalid(
        operator,
        "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
      );
  switch (operator) {
    case "In":
    case "NotIn":
      if (values.length === 0)
        errors
          .at("values")
          .required("must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
      break;
    case "Exists":
    case "DoesNotExist":
      if (values.length > 0)
        errors
          .at("values")
          .invalid(
            values,
            "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
          );
      break;
    default:
      errors.at("operator").invalid(operator, "not a valid selector operator");
  }
}

/** Limited resources that `scope` says nothing about. */
function misfits({ hard = {} }: ResourceQuotaSpec, scope: string): string[] {
  const fitting = resourcesOf.get(scope);
  return fitting ? Object.keys(hard).filter((name) => isQuotaResource(name) && !fitting.includes(name)) : [];
}

function checkOpposites(scopes: readonly string[], spec: ResourceQuotaSpec, errors: FieldErrors): void {
  for (const pair of opposites)
    if (pair.every((scope) => scopes.includes(scope)))
      errors.invalid(spec.scopes ?? null, "conflicting scopes");
}
