/** How much a namespace may have: of compute and storage its objects ask for together, and of objects. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import type { ResourceQuota, ResourceQuotaSpec, ResourceQuotaStatus } from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";
import { canonical, compare, normalizeAmounts } from "../shared/amounts.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { checkAmount, checkQuotaResourceName } from "../shared/resource-name-rules.ts";
import { validateScopes, validateScopeSelector } from "../shared/quota-scopes.ts";

export const resourceQuota = defineResource<ResourceQuota>({
  group: "",
  version: "v1",
  kind: "ResourceQuota",
  schema: "io.k8s.api.core.v1.ResourceQuota",
  plural: "resourcequotas",
  shortNames: ["quota"],
  scope: "Namespaced",
  metadataOnUpdate: ["change"],
  hasGeneration: false,
  returnsDeleted: true,

  defaults({ spec, status }) {
    for (const list of [spec?.hard, status?.hard, status?.used]) normalizeAmounts(list);
  },

  validate({ spec = {}, status = {} }, errors) {
    validateSpec(spec, errors.at("spec"));
    validateStatus(status, errors.at("status"));
  },

  validatesOnUpdate: false,
  validateUpdate({ spec = {} }, previous, errors) {
    const at = errors.at("spec");
    validateSpec(spec, at);
    const [scopes, before] = [new Set(spec.scopes), new Set(previous.spec?.scopes)];
    if (scopes.symmetricDifference(before).size > 0)
      at.at("scopes").invalid(spec.scopes ?? null, "field is immutable");
  },

  warnings: ({ spec }, previous) => (previous ? [] : requestsAboveLimits(spec?.hard ?? {})),

  columns: [
    nameColumn,
    { name: "Request", value: ({ status }) => usageText(status, (name) => !name.startsWith("limits.")) },
    { name: "Limit", value: ({ status }) => usageText(status, (name) => name.startsWith("limits.")) },
    ageColumn,
  ],

  subresources: {
    status: {
      validateUpdate: ({ status = {} }, _previous, errors) => validateStatus(status, errors.at("status")),
    },
  },
});

function validateSpec(spec: ResourceQuotaSpec, errors: FieldErrors): void {
  validateAmounts(spec.hard, errors.at("hard"));
  validateScopes(spec, errors.at("scopes"));
  validateScopeSelector(spec, errors.at("scopeSelector"));
}

function validateStatus({ hard, used }: ResourceQuotaStatus, errors: FieldErrors): void {
  validateAmounts(hard, errors.at("hard"));
  validateAmounts(used, errors.at("used"));
}

function validateAmounts(list: Readonly<Record<string, string>> | undefined, errors: FieldErrors): void {
  for (const name in list) {
    const at = errors.at([name]);
    checkQuotaResourceName(name, at);
    checkAmount(name, list[name]!, at);
  }
}

function requestsAboveLimits(hard: Readonly<Record<string, string>>): string[] {
  const warnings: string[] = [];
  for (const name of ["cpu", "memory", "storage", "ephemeral-storage"]) {
    const bare = name === "cpu" || name === "memory" ? [name] : [];
    const requested = [`requests.${name}`, ...bare].find((key) => hard[key] !== undefined);
    const limited = `limits.${name}`;
    const [request, limit] = [hard[requested ?? ""], hard[limited]];
    if (request !== undefined && limit !== undefined && compare(request, limit) > 0)
      warnings.push(
        `ResourceQuota ${requested} (${canonical(request)}) should be less than ${limited} (${canonical(limit)})`,
      );
  }
  return warnings;
}

/** `pods: 3/10, requests.cpu: 1/4`, of those resources that `isShown`. */
function usageText(
  { hard = {}, used = {} }: ResourceQuotaStatus = {},
  isShown: (name: string) => boolean,
): string {
  return Object.keys(hard)
    .filter(isShown)
    .sort()
    .map((name) => `${name}: ${used[name] ?? "0"}/${hard[name]}`)
    .join(", ");
}
