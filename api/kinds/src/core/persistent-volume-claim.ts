/** A pod's wish for storage. It is bound to one volume, and then to stay so: little of it can change. */

import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import { labelValue, qualifiedName } from "@knarr/machinery/names.ts";

import type {
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeClaimStatus,
} from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";
import { canonical, compare, normalizeAmounts } from "../shared/amounts.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { jsonDiff } from "../shared/internal/diff.ts";
import { internalForm } from "../shared/internal/form.ts";
import { BETA_STORAGE_CLASS, storageClassOf } from "../shared/persistent-volume/class.ts";
import { accessModesText } from "../shared/persistent-volume/modes.ts";
import { checkBasicAmount } from "../shared/persistent-volume/spec.ts";
import { isNativeResource } from "../shared/pod/resource-names.ts";
import { defaultClaimSpec } from "../shared/pod/volumes/defaults.ts";
import { validateClaimSpec, type ClaimLeniency } from "../shared/pod/volumes/ephemeral.ts";
import { claimWarnings } from "../shared/pod/volumes/warnings.ts";
import { reject } from "../shared/values.ts";

export const persistentVolumeClaim = defineResource<PersistentVolumeClaim>({
  group: "",
  version: "v1",
  kind: "PersistentVolumeClaim",
  schema: "io.k8s.api.core.v1.PersistentVolumeClaim",
  plural: "persistentvolumeclaims",
  shortNames: ["pvc"],
  scope: "Namespaced",
  hasGeneration: false,
  returnsDeleted: true,
  metadataOnUpdate: ["change", "whole"],

  defaults(object) {
    const status = (object.status ??= {});
    status.phase ||= "Pending";
    defaultClaimSpec((object.spec ??= {}));
    normalizeAmounts(status.capacity);
    normalizeAmounts(status.allocatedResources);
  },

  prepareForCreate(object) {
    object.status = { phase: "Pending" };
    settleSources(object.spec!, {});
  },
  prepareForUpdate: ({ spec }, previous) => settleSources(spec!, previous.spec ?? {}),

  validate: ({ spec }, errors) => validateClaimSpec(spec!, errors.at("spec")),
  validatesOnUpdate: false,
  validateUpdate(object, previous, errors) {
    validateClaimSpec(object.spec!, errors.at("spec"), leniencySince(previous.spec ?? {}));
    validateChange(object, previous, errors);
  },

  warnings({ metadata, spec }) {
    const warnings: string[] = [];
    if (metadata.annotations?.[BETA_STORAGE_CLASS] !== undefined)
      warnings.push(
        `metadata.annotations[${BETA_STORAGE_CLASS}]: deprecated since v1.8; use "storageClassName" attribute instead`,
      );
    claimWarnings(spec, "spec", (text) => warnings.push(text));
    return warnings;
  },

  columns: [
    nameColumn,
    {
      name: "Status",
      value: ({ metadata, status }) => (metadata.deletionTimestamp ? "Terminating" : (status?.phase ?? "")),
    },
    { name: "Volume", value: ({ spec }) => spec?.volumeName ?? "" },
    {
      name: "Capacity",
      value: ({ spec, status }) => (spec?.volumeName ? canonical(status?.capacity?.["storage"] ?? "0") : ""),
    },
    {
      name: "Access Modes",
      value: ({ spec, status }) => (spec?.volumeName ? accessModesText(status?.accessModes) : ""),
    },
    { name: "StorageClass", value: storageClassOf },
    { name: "VolumeAttributesClass", value: ({ spec }) => spec?.volumeAttributesClassName ?? "<unset>" },
    ageColumn,
    { name: "VolumeMode", priority: 1, value: ({ spec }) => spec?.volumeMode ?? "<unset>" },
  ],

  subresources: { status: { validateUpdate: validateStatus } },
});

/**
 * The two ways to name a source say the same (KEP-1495): a source that only the newer way knows is dropped from the older, and
 * what one of them says the other one gets.
 */
function settleSources(spec: PersistentVolumeClaimSpec, previous: PersistentVolumeClaimSpec): void {
  // Sources in other namespaces (CrossNamespaceVolumeDataSource) are alpha, and off.
  if (spec.dataSourceRef?.namespace && !previous.dataSourceRef) delete spec.dataSourceRef;
  const hadSource = previous.dataSource !== undefined || previous.dataSourceRef !== undefined;
  if (!hadSource && !spec.dataSourceRef && !isClaimOrSnapshot(spec.dataSource)) delete spec.dataSource;
  if (spec.dataSource && !spec.dataSourceRef) spec.dataSourceRef = { ...spec.dataSource };
  else if (spec.dataSourceRef && !spec.dataSource && !spec.dataSourceRef.namespace) {
    const { namespace: _empty, ...source } = spec.dataSourceRef;
    spec.dataSource = source;
  }
}

function isClaimOrSnapshot(source: PersistentVolumeClaimSpec["dataSource"]): boolean {
  const apiGroup = source?.apiGroup ?? "";
  return (
    (source?.kind === "PersistentVolumeClaim" && apiGroup === "") ||
    (source?.kind === "VolumeSnapshot" && apiGroup === "snapshot.storage.k8s.io")
  );
}

function leniencySince({ selector, dataSource, dataSourceRef }: PersistentVolumeClaimSpec): ClaimLeniency {
  return {
    badSelectorValues: (selector?.matchExpressions ?? []).some(({ values = [] }) =>
      values.some((value) => labelValue(value).length > 0),
    ),
    badSourceGroup: dataSource?.apiGroup != null || dataSourceRef?.apiGroup != null,
  };
}

function validateChange(
  object: PersistentVolumeClaim,
  previous: PersistentVolumeClaim,
  errors: FieldErrors,
): void {
  const [spec, before] = [object.spec!, previous.spec!];
  validateNothingElse(object, previous, errors);
  const size = spec.resources?.requests?.["storage"] ?? "0";
  // A claim that could not be grown may ask for less again, but for more than it has.
  if (
    compare(size, before.resources?.requests?.["storage"] ?? "0") < 0 &&
    compare(size, previous.status?.capacity?.["storage"] ?? "0") <= 0
  )
    errors
      .at("spec")
      .at("resources")
      .at("requests")
      .at("storage")
      .forbidden("field can not be less than status.capacity");
  errors.at("volumeMode").immutable(spec.volumeMode, before.volumeMode);
  const attributesClass = spec.volumeAttributesClassName;
  if (
    attributesClass !== before.volumeAttributesClassName &&
    previous.status?.currentVolumeAttributesClassName != null &&
    !attributesClass
  )
    errors
      .at("spec")
      .at("volumeAttributesClassName")
      .forbidden(
        `update to ${attributesClass === "" ? "empty string" : "nil"} is forbidden when status.currentVolumeAttributesClassName is not nil`,
      );
}

/** Puts back all that may change; what still differs may not. */
function validateNothingElse(
  object: PersistentVolumeClaim,
  previous: PersistentVolumeClaim,
  errors: FieldErrors,
): void {
  const now: PersistentVolumeClaimSpec = { ...object.spec };
  const before: PersistentVolumeClaimSpec = { ...previous.spec };
  if (!before.volumeName) assign(before, "volumeName", now.volumeName);
  settleClass(now, before, { object, previous, errors });
  if (object.status?.phase === "Bound") {
    if (now.resources?.requests) {
      // What is not there is zero, as upstream's map has it.
      const storage = before.resources?.requests?.["storage"] ?? "0";
      now.resources = { ...now.resources, requests: { ...now.resources.requests, storage } };
    }
    assign(now, "volumeAttributesClassName", before.volumeAttributesClassName);
  }
  const form = (spec: PersistentVolumeClaimSpec): unknown => internalForm(spec, "PersistentVolumeClaimSpec");
  if (semanticEqual(form(now), form(before))) return;
  errors
    .at("spec")
    .forbidden(
      `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${jsonDiff(form(before), form(now))}`,
    );
}

/** A class may come to a claim that had none, and from the old annotation into the field. */
function settleClass(
  now: PersistentVolumeClaimSpec,
  before: PersistentVolumeClaimSpec,
  {
    object,
    previous,
    errors,
  }: {
    readonly object: PersistentVolumeClaim;
    readonly previous: PersistentVolumeClaim;
    readonly errors: FieldErrors;
  },
): void {
  const annotated = object.metadata.annotations?.[BETA_STORAGE_CLASS];
  const annotatedBefore = previous.metadata.annotations?.[BETA_STORAGE_CLASS];
  const isNew = before.storageClassName == null && now.storageClassName != null;
  if (
    isNew &&
    now.storageClassName === annotatedBefore &&
    (annotated === undefined || annotated === annotatedBefore)
  ) {
    delete now.storageClassName;
    return;
  }
  if ((annotated ?? "") !== (annotatedBefore ?? ""))
    errors
      .at("metadata")
      .at("annotations")
      .at(BETA_STORAGE_CLASS)
      .invalid(annotated ?? "", "field is immutable");
  if (isNew && (annotatedBefore === undefined || annotatedBefore === now.storageClassName))
    delete now.storageClassName;
}

function assign<K extends keyof PersistentVolumeClaimSpec>(
  spec: PersistentVolumeClaimSpec,
  field: K,
  value: PersistentVolumeClaimSpec[K] | undefined,
): void {
  if (value === undefined) delete spec[field];
  else spec[field] = value;
}

const RESIZE_STATES = [
  "ControllerResizeInProgress",
  "ControllerResizeInfeasible",
  "NodeResizeInProgress",
  "NodeResizeInfeasible",
  "NodeResizePending",
].sort();

function validateStatus(
  { metadata, spec, status = {} }: PersistentVolumeClaim,
  _previous: PersistentVolumeClaim,
  errors: FieldErrors,
): void {
  if (!metadata.resourceVersion) errors.at("resourceVersion").required();
  if (!spec?.accessModes?.length) errors.at("Spec").at("accessModes").required();
  const at = errors.at("status");
  for (const [name, amount] of Object.entries(status.capacity ?? {}))
    checkBasicAmount(amount, at.at("capacity").at([name]));
  validateResizing(status, at);
}

function validateResizing(status: PersistentVolumeClaimStatus, errors: FieldErrors): void {
  const states = errors.at("allocatedResourceStatuses");
  for (const [name, state] of Object.entries(status.allocatedResourceStatuses ?? {})) {
    isStorageName(name, states);
    if (!RESIZE_STATES.includes(state)) states.notSupported(name, RESIZE_STATES);
  }
  const amounts = errors.at("allocatedResources");
  for (const [name, amount] of Object.entries(status.allocatedResources ?? {})) {
    if (isStorageName(name, amounts)) checkBasicAmount(amount, amounts.at([name]));
  }
}

/** Of the resources that Kubernetes itself names, a claim has one. */
function isStorageName(name: string, errors: FieldErrors): boolean {
  const problems = qualifiedName(name);
  reject(errors, name, problems);
  if (problems.length) return false;
  if (!isNativeResource(name) || name === "storage") return true;
  errors.notSupported(name, ["storage"]);
  return false;
}
