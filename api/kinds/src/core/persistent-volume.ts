/** A piece of storage in the cluster, there before any claim and after it. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import { labelValue } from "@knarr/machinery/names.ts";

import type {
  NodeSelectorRequirement,
  PersistentVolume,
  PersistentVolumeSpec,
  VolumeNodeAffinity,
} from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";
import { normalizeAmounts, canonical } from "../shared/amounts.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { jsonDiff } from "../shared/internal/diff.ts";
import { internalForm, internalOrNull } from "../shared/internal/form.ts";
import { validateVolumeSpec } from "../shared/persistent-volume/spec.ts";
import { storageClassOf } from "../shared/persistent-volume/class.ts";
import { accessModesText } from "../shared/persistent-volume/modes.ts";
import { volumeWarnings } from "../shared/persistent-volume/warnings.ts";
import { defaultBlockStorage } from "../shared/pod/volumes/defaults.ts";

const MOUNT_OPTIONS = "volume.beta.kubernetes.io/mount-options";

export const persistentVolume = defineResource<PersistentVolume>({
  group: "",
  version: "v1",
  kind: "PersistentVolume",
  schema: "io.k8s.api.core.v1.PersistentVolume",
  plural: "persistentvolumes",
  shortNames: ["pv"],
  scope: "Cluster",
  hasGeneration: false,
  returnsDeleted: true,
  metadataOnUpdate: ["whole", "whole"],

  defaults(object) {
    (object.status ??= {}).phase ||= "Pending";
    const spec = (object.spec ??= {});
    spec.persistentVolumeReclaimPolicy ||= "Retain";
    spec.volumeMode ??= "Filesystem";
    normalizeAmounts(spec.capacity);
    if (spec.hostPath) spec.hostPath.type ??= "";
    defaultBlockStorage(spec);
  },

  prepareForCreate(object) {
    object.status = { phase: "Pending" };
  },
  stamp(object, now, previous) {
    if (!previous) object.status!.lastPhaseTransitionTime = now;
  },

  validate,
  validatesOnUpdate: false, // but twice, and with what stood there before in mind

  validateUpdate(object, previous, errors) {
    validate(object, errors, previous);
    validate(object, errors, previous, { withMountOptions: false });
    validateSourceUnchanged(object.spec!, previous.spec!, errors);
    const { volumeMode, nodeAffinity, volumeAttributesClassName } = object.spec!;
    const before = previous.spec!;
    errors.at("volumeMode").immutable(volumeMode, before.volumeMode);
    if (before.nodeAffinity && !semanticEqual(nodeAffinity, withNewLabels(before.nodeAffinity, nodeAffinity)))
      errors
        .at("nodeAffinity")
        .invalid(
          internalOrNull(nodeAffinity, "VolumeNodeAffinity"),
          "field is immutable, except for updating from beta label to GA",
        );
    if (before.volumeAttributesClassName != null && volumeAttributesClassName == null)
      errors
        .at("spec")
        .at("volumeAttributesClassName")
        .forbidden("update from non-nil value to nil is forbidden");
  },

  warnings: volumeWarnings,

  columns: [
    nameColumn,
    { name: "Capacity", value: ({ spec }) => canonical(spec?.capacity?.["storage"] ?? "0") },
    { name: "Access Modes", value: ({ spec }) => accessModesText(spec?.accessModes) },
    { name: "Reclaim Policy", value: ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? "" },
    {
      name: "Status",
      value: ({ metadata, status }) => (metadata.deletionTimestamp ? "Terminating" : (status?.phase ?? "")),
    },
    {
      name: "Claim",
      value: ({ spec }) =>
        spec?.claimRef ? `${spec.claimRef.namespace ?? ""}/${spec.claimRef.name ?? ""}` : "",
    },
    { name: "StorageClass", value: storageClassOf },
    { name: "VolumeAttributesClass", value: ({ spec }) => spec?.volumeAttributesClassName ?? "<unset>" },
    { name: "Reason", value: ({ status }) => status?.reason ?? "" },
    ageColumn,
    { name: "VolumeMode", priority: 1, value: ({ spec }) => spec?.volumeMode ?? "<unset>" },
  ],

  subresources: {
    status: {
      stamp({ status = {} }, now, { status: before = {} }) {
        const last = before.lastPhaseTransitionTime;
        const { lastPhaseTransitionTime: given } = status;
        if (status.phase !== before.phase && (!given || given === last)) status.lastPhaseTransitionTime = now;
        else if (status.phase === before.phase && !given && last) status.lastPhaseTransitionTime = last;
      },
      validateUpdate: ({ metadata }, _previous, errors) => {
        if (!metadata.resourceVersion) errors.at("resourceVersion").required();
      },
    },
  },
});

function validate(
  { metadata, spec = {} }: PersistentVolume,
  errors: FieldErrors,
  previous?: PersistentVolume,
  { withMountOptions = true } = {},
): void {
  validateVolumeSpec(spec, errors.at("spec"), {
    name: metadata.name ?? "",
    badNodeAffinityValues: hasBadValues(previous?.spec?.nodeAffinity),
  });
  if (withMountOptions && metadata.annotations?.[MOUNT_OPTIONS] !== undefined && !takesMountOptions(spec))
    errors
      .at("metadata")
      .at("annotations")
      .at(MOUNT_OPTIONS)
      .forbidden("may not specify mount options for this volume type");
}

const typesWithMountOptions = [
  "gcePersistentDisk",
  "awsElasticBlockStore",
  "glusterfs",
  "nfs",
  "rbd",
  "quobyte",
  "iscsi",
  "cinder",
  "cephfs",
  "azureFile",
  "vsphereVolume",
  "azureDisk",
  "photonPersistentDisk",
] as const;

function takesMountOptions(spec: PersistentVolumeSpec): boolean {
  return typesWithMountOptions.some((type) => spec[type] != null);
}

function hasBadValues(affinity: VolumeNodeAffinity | undefined): boolean {
  const terms = affinity?.required?.nodeSelectorTerms ?? [];
  return terms.some(({ matchExpressions = [] }) =>
    matchExpressions.some(({ values = [] }) => values.some((value) => labelValue(value).length > 0)),
  );
}

/** The one thing that may come later is the secret for growing a CSI volume. */
function validateSourceUnchanged(
  now: PersistentVolumeSpec,
  before: PersistentVolumeSpec,
  errors: FieldErrors,
): void {
  let wanted = now;
  if (now.csi && before.csi && !before.csi.controllerExpandSecretRef) {
    const { controllerExpandSecretRef: _added, ...csi } = now.csi;
    wanted = { ...now, csi };
  }
  const form = (spec: PersistentVolumeSpec): unknown => internalForm(spec, "PersistentVolumeSource");
  if (semanticEqual(form(wanted), form(before))) return;
  errors
    .at("spec")
    .at("persistentvolumesource")
    .forbidden(
      `spec.persistentvolumesource is immutable after creation\n${jsonDiff(form(before), form(wanted))}`,
    );
}

const newLabels: Readonly<Record<string, string>> = {
  "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
  "beta.kubernetes.io/os": "kubernetes.io/os",
  "beta.kubernetes.io/arch": "kubernetes.io/arch",
  "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
};

/** `before` with those labels renamed that `now` names by their new names: that much may change. */
function withNewLabels(
  { required }: VolumeNodeAffinity,
  now: VolumeNodeAffinity | undefined,
): VolumeNodeAffinity {
  const terms = (required?.nodeSelectorTerms ?? []).map((term, i) => {
    const wanted = now?.required?.nodeSelectorTerms?.[i];
    return {
      ...term,
      ...(term.matchExpressions && {
        matchExpressions: term.matchExpressions.map((requirement, j) =>
          renamed(requirement, wanted?.matchExpressions?.[j]),
        ),
      }),
    };
  });
  return required ? { required: { ...required, nodeSelectorTerms: terms } } : {};
}

function renamed(
  before: NodeSelectorRequirement,
  now: NodeSelectorRequirement | undefined,
): NodeSelectorRequirement {
  return now && newLabels[before.key] === now.key ? { ...before, key: now.key } : before;
}
