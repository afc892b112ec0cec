/** How much a driver can still give of a class, in one part of the cluster. */

import { semanticEqual } from "@knarr/machinery/equal.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { validateLabelSelector } from "@knarr/machinery/label-selector-rules.ts";
import { dns1123Subdomain } from "@knarr/machinery/names.ts";

import type { LabelSelector } from "../../generated/meta.ts";
import type { CSIStorageCapacity } from "../../generated/storage-v1.ts";
import { defineResource } from "../resource.ts";
import { canonical, isNegative } from "../shared/amounts.ts";
import { nameColumn } from "../shared/columns.ts";
import { internalForm } from "../shared/internal/form.ts";
import { selectorWarnings } from "../shared/pod/node-labels.ts";
import { reject } from "../shared/values.ts";

export const csiStorageCapacity = defineResource<CSIStorageCapacity>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSIStorageCapacity",
  schema: "io.k8s.api.storage.v1.CSIStorageCapacity",
  plural: "csistoragecapacities",
  scope: "Namespaced",
  hasGeneration: false,
  unconditionalUpdate: false,
  metadataOnUpdate: ["whole", "change"],

  validate: (object, errors) => validate(object, errors),
  validatesOnUpdate: false,

  validateUpdate(object, previous, errors) {
    validate(object, errors, { invalidValues: isBad(previous.nodeTopology) });
    const { nodeTopology, storageClassName = "" } = object;
    if (!semanticEqual(nodeTopology, previous.nodeTopology))
      errors.at("nodeTopology").invalid(internalForm(nodeTopology, "*raw"), "field is immutable");
    if (storageClassName !== (previous.storageClassName ?? ""))
      errors.at("storageClassName").invalid(storageClassName, "field is immutable");
  },

  warnings: ({ nodeTopology }) => selectorWarnings(nodeTopology, "nodeTopology"),

  columns: [
    nameColumn,
    { name: "StorageClassName", value: ({ storageClassName = "" }) => storageClassName },
    { name: "Capacity", value: ({ capacity }) => (capacity == null ? "<unset>" : canonical(capacity)) },
  ],
});

function validate(
  { nodeTopology, storageClassName = "", capacity }: CSIStorageCapacity,
  errors: FieldErrors,
  tolerate: { readonly invalidValues?: boolean } = {},
): void {
  validateLabelSelector(nodeTopology, errors.at("nodeTopology"), tolerate);
  reject(errors.at("storageClassName"), storageClassName, dns1123Subdomain(storageClassName));
  if (capacity != null && isNegative(capacity))
    errors.at("capacity").invalid(canonical(capacity), "must be greater than or equal to 0");
}

function isBad(selector: LabelSelector | undefined): boolean {
  const errors = new FieldErrors();
  validateLabelSelector(selector, errors);
  return errors.list.length > 0;
}
