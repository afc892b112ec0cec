/** A sort of storage that claims may ask for by name, and who makes volumes of it. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { qualifiedName } from "@knarr/machinery/names.ts";

import type { TopologySelectorTerm } from "../../generated/core-v1.ts";
import type { StorageClass } from "../../generated/storage-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { nodeLabelWarning } from "../shared/pod/node-labels.ts";
import { validateDriver, validateParameters } from "../shared/storage-parameters.ts";
import { checkOneOf, reject } from "../shared/values.ts";

/** The class that claims get that name none. */
export const IS_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class";
const BETA_IS_DEFAULT_CLASS = "storageclass.beta.kubernetes.io/is-default-class";

const BINDING_MODES = ["Immediate", "WaitForFirstConsumer"];
const RECLAIM_POLICIES = ["Delete", "Retain"];

export function isDefaultStorageClass({ metadata: { annotations = {} } }: StorageClass): boolean {
  return annotations[IS_DEFAULT_CLASS] === "true" || annotations[BETA_IS_DEFAULT_CLASS] === "true";
}

export const storageClass = defineResource<StorageClass>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "StorageClass",
  schema: "io.k8s.api.storage.v1.StorageClass",
  plural: "storageclasses",
  shortNames: ["sc"],
  scope: "Cluster",
  hasGeneration: false,
  returnsDeleted: true,
  metadataOnUpdate: ["whole", "change"],

  defaults(object) {
    object.reclaimPolicy ??= "Delete";
    object.volumeBindingMode ??= "Immediate";
  },

  validate(object, errors) {
    validateDriver(object.provisioner, errors.at("provisioner"));
    validateParameters(object.parameters, errors.at("parameters"));
    if (object.reclaimPolicy) checkOneOf(errors.at("reclaimPolicy"), object.reclaimPolicy, RECLAIM_POLICIES);
    checkOneOf(errors.at("volumeBindingMode"), object.volumeBindingMode, BINDING_MODES);
    validateTopologies(object.allowedTopologies ?? [], errors.at("allowedTopologies"));
  },

  validateUpdate(object, previous, errors) {
    errors.at("parameters").immutable(object.parameters, previous.parameters);
    errors.at("provisioner").immutable(object.provisioner ?? "", previous.provisioner);
    errors.at("reclaimPolicy").immutable(object.reclaimPolicy, previous.reclaimPolicy);
    errors.at("volumeBindingMode").immutable(object.volumeBindingMode, previous.volumeBindingMode);
  },

  warnings: ({ allowedTopologies = [] }) =>
    allowedTopologies.flatMap(({ matchLabelExpressions = [] }, i) =>
      matchLabelExpressions.flatMap(({ key }, j) => {
        const text = nodeLabelWarning(key);
        return text ? [`allowedTopologies[${i}].matchLabelExpressions[${j}].key: ${text}`] : [];
      }),
    ),

  columns: [
    {
      ...nameColumn,
      value: (object) => `${object.metadata.name}${isDefaultStorageClass(object) ? " (default)" : ""}`,
    },
    { name: "Provisioner", value: ({ provisioner }) => provisioner },
    { name: "ReclaimPolicy", value: ({ reclaimPolicy = "Delete" }) => reclaimPolicy },
    { name: "VolumeBindingMode", value: ({ volumeBindingMode = "Immediate" }) => volumeBindingMode },
    { name: "AllowVolumeExpansion", value: ({ allowVolumeExpansion = false }) => allowVolumeExpansion },
    ageColumn,
  ],
});

/** Two terms that say the same are one too many, in whatever order they say it. */
function validateTopologies(terms: readonly TopologySelectorTerm[], errors: FieldErrors): void {
  // An empty term counts as said before as many times as there are terms, upstream's list being made that long at first.
  const said: string[] = terms.map(() => "[]");
  terms.forEach((term, i) => {
    const saying = validateTopology(term, errors.at(i));
    for (const other of said) if (saying === other) errors.at(i).at("matchLabelExpressions").duplicate("");
    said.push(saying);
  });
}

/** What the term says: each key with its values, sorted. */
function validateTopology({ matchLabelExpressions = [] }: TopologySelectorTerm, errors: FieldErrors): string {
  const saying = new Map<string, string[]>();
  matchLabelExpressions.forEach(({ key = "", ...requirement }, i) => {
    const at = errors.at("matchLabelExpressions").at(i);
    const values = requirement.values ?? [];
    if (!values.length) at.at("values").required();
    values.forEach((value, j) => {
      if (values.indexOf(value) < j) at.at("values").at(j).duplicate(value);
    });
    reject(at.at("key"), key, qualifiedName(key));
    if (saying.has(key)) at.at("key").duplicate(key);
    saying.set(key, [...new Set(values)].sort());
  });
  return JSON.stringify([...saying].sort(([a], [b]) => (a < b ? -1 : 1)));
}
