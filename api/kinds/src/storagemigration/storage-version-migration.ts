/** The wish that all objects of a resource be written again, in the version that is stored now. */

import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1035Label, dns1123Subdomain } from "@knarr/machinery/names.ts";

import type { Condition } from "../../generated/meta.ts";
import type { StorageVersionMigration } from "../../generated/storagemigration-v1beta1.ts";
import { defineResource } from "../resource.ts";
import { nameColumn } from "../shared/columns.ts";
import { validateConditions } from "../shared/conditions.ts";
import { keepMetadata } from "../shared/status.ts";

export const storageVersionMigration = defineResource<StorageVersionMigration>({
  group: "storagemigration.k8s.io",
  version: "v1beta1",
  kind: "StorageVersionMigration",
  schema: "io.k8s.api.storagemigration.v1beta1.StorageVersionMigration",
  plural: "storageversionmigrations",
  scope: "Cluster",
  hasGeneration: false,
  unconditionalUpdate: false,
  metadataOnUpdate: ["whole", "change"],

  validate({ spec }, errors) {
    const { resource = "", group } = spec?.resource ?? {};
    const at = errors.at("spec").at("resource");
    if (!resource) at.at("resource").required("resource is required to be set");
    else checkJoined(at.at("resource"), resource, dns1035Label(resource));
    if (group) checkJoined(at.at("group"), group, dns1123Subdomain(group));
  },

  validateUpdate({ spec }, previous, errors) {
    const { resource = "", group = "" } = spec?.resource ?? {};
    const before = previous.spec?.resource;
    if (!semanticEqual({ resource, group }, { resource: before?.resource, group: before?.group ?? "" }))
      errors.at("spec").invalid({ Resource: { group, resource } }, "field is immutable");
  },

  columns: [
    { ...nameColumn, format: "" },
    {
      name: "Resource",
      value: ({ spec }) => [spec?.resource.resource, spec?.resource.group].filter(Boolean).join("."),
    },
    {
      name: "Status",
      value: ({ status }) =>
        (status?.conditions ?? []).findLast((one) => isTrue(one) && STEPS.includes(one.type))?.type ??
        "Unknown",
    },
  ],

  subresources: { status: { prepareForUpdate: keepMetadata, validateUpdate: validateStatus } },
});

const STEPS = ["Running", "Failed", "Succeeded"];

/** Upstream makes one finding of all that is wrong. */
function checkJoined(errors: FieldErrors, value: string, problems: readonly string[]): void {
  if (problems.length) errors.invalid(value, problems.join(","));
}

function validateStatus(
  { status = {} }: StorageVersionMigration,
  { status: before = {} }: StorageVersionMigration,
  errors: FieldErrors,
): void {
  const at = errors.at("status");
  const { resourceVersion = "", conditions = [] } = status;
  const version = at.at("resourceVersion");
  if (resourceVersion && !/^[1-9]\d*$/.test(resourceVersion))
    version.invalid(resourceVersion, `resource version is not well formed: ${resourceVersion}`);
  validateConditions(conditions, at.at("conditions"));
  if (before.resourceVersion && before.resourceVersion !== resourceVersion)
    version.invalid(resourceVersion, "field is immutable");
  const wrong = (why: string): void => at.at("conditions").invalid(conditions, why);
  if (has(conditions, "Succeeded") && has(conditions, "Failed"))
    wrong("Both success and failed conditions cannot be true at the same time");
  if (has(before.conditions, "Succeeded") && !has(conditions, "Succeeded"))
    wrong("Success condition cannot be set to false once it is true");
  if (has(before.conditions, "Failed") && !has(conditions, "Failed"))
    wrong("Failed condition cannot be set to false once it is true");
}

function has(conditions: readonly Condition[] | undefined = [], type: string): boolean {
  const found = conditions.find((one) => one.type === type);
  return found !== undefined && isTrue(found);
}

function isTrue({ status }: Condition): boolean {
  return status === "True";
}
