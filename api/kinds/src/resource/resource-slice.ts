/** Devices of one pool, as a driver publishes them. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { quote } from "@knarr/machinery/quote.ts";
import type { CounterSet, Device, ResourceSlice, ResourceSliceSpec } from "../../generated/resource-v1.ts";
import type { ResourceSlice as ResourceSliceV1beta1 } from "../../generated/resource-v1beta1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { dropDisabled, validateCounters, validateDevice } from "../shared/dra/device.ts";
import { checkSet } from "../shared/dra/lists.ts";
import { checkLabel, checkNodeName, checkPoolName, validateDriverName } from "../shared/dra/names.ts";
import { stampTaint } from "../shared/dra/taints.ts";
import { sliceSpecFromHub, sliceSpecToHub } from "../shared/dra/v1beta1.ts";
import { internalForm } from "../shared/internal/form.ts";
import { validateNodeSelector } from "../shared/pod/affinity.ts";
import { inVersion } from "../shared/versions.ts";

const MAX_DEVICES = 128;
/** With taints or counters, which make a slice large. */
const MAX_LARGE_DEVICES = 64;
const MAX_COUNTER_SETS = 8;

export const resourceSlice = defineResource<ResourceSlice>({
  group: "resource.k8s.io",
  version: "v1",
  kind: "ResourceSlice",
  schema: "io.k8s.api.resource.v1.ResourceSlice",
  plural: "resourceslices",
  scope: "Cluster",
  hasGeneration: true,
  returnsDeleted: true,

  prepareForCreate: ({ spec }) => spec?.devices?.forEach(dropDisabled),
  prepareForUpdate: ({ spec }) => spec?.devices?.forEach(dropDisabled),
  stamp(object, now) {
    for (const { taints } of object.spec?.devices ?? [])
      for (const taint of taints ?? []) stampTaint(taint, now);
  },

  validate: ({ spec }, errors) => validateSpec(spec, undefined, errors.at("spec")),
  validatesOnUpdate: false,
  validateUpdate: ({ spec }, previous, errors) => validateSpec(spec, previous.spec, errors.at("spec")),

  warnings: ({ spec }) =>
    spec?.driver && spec.driver !== spec.driver.toLowerCase()
      ? [`spec.driver: driver names should be lowercase; ${quote(spec.driver)} contains uppercase characters`]
      : [],

  selectableFields: {
    "spec.nodeName": ({ spec }) => spec?.nodeName ?? "",
    "spec.driver": ({ spec }) => spec?.driver ?? "",
  },

  columns: [
    nameColumn,
    { name: "Node", value: ({ spec }) => spec?.nodeName ?? "" },
    { name: "Driver", value: ({ spec }) => spec?.driver ?? "" },
    { name: "Pool", value: ({ spec }) => spec?.pool?.name ?? "" },
    ageColumn,
  ],
});

export const resourceSliceV1beta2 = inVersion<ResourceSlice, ResourceSlice>(resourceSlice, "v1beta2", {
  schema: "io.k8s.api.resource.v1beta2.ResourceSlice",
  deprecation: "resource.k8s.io/v1beta2 ResourceSlice is deprecated in v1.36+, unavailable in v1.39+",
});

export const resourceSliceV1beta1 = inVersion<ResourceSliceV1beta1, ResourceSlice>(resourceSlice, "v1beta1", {
  schema: "io.k8s.api.resource.v1beta1.ResourceSlice",
  deprecation: "resource.k8s.io/v1beta1 ResourceSlice is deprecated in v1.35+, unavailable in v1.38+",
  toHub: ({ spec, ...rest }) => ({ ...rest, spec: sliceSpecToHub(spec) }),
  fromHub: ({ spec, ...rest }) => ({ ...rest, spec: sliceSpecFromHub(spec) }),
});

function validateSpec(
  spec: ResourceSliceSpec,
  previous: ResourceSliceSpec | undefined,
  errors: FieldErrors,
): void {
  validateDriverName(spec.driver, errors.at("driver"));
  validatePool(spec, errors.at("pool"));
  if (previous) {
    errors
      .at("pool")
      .at("name")
      .immutable(spec.pool?.name ?? "", previous.pool?.name ?? "");
    errors.at("driver").immutable(spec.driver ?? "", previous.driver ?? "");
    errors.at("nodeName").immutable(spec.nodeName ?? null, previous.nodeName);
  }
  validateNodes(spec, errors);
  if (spec.sharedCounters && spec.devices)
    errors.invalid("", "only one of `sharedCounters` or `devices` is allowed");
  const before = new Map((previous?.devices ?? []).map((device) => [device.name, device]));
  const perDevice = spec.perDeviceNodeSelection === true;
  checkSet(spec.devices, errors.at("devices"), {
    max: spec.devices?.some(isLarge) ? MAX_LARGE_DEVICES : MAX_DEVICES,
    check: (device, at) => validateDevice(device, at, { previous: before.get(device.name), perDevice }),
    keyOf: ({ name = "" }) => name,
  });
  checkSet(spec.sharedCounters, errors.at("sharedCounters"), {
    max: MAX_COUNTER_SETS,
    check: validateCounterSet,
    keyOf: ({ name = "" }) => name,
  });
}

function isLarge({ taints, consumesCounters }: Device): boolean {
  return Boolean(taints?.length || consumesCounters?.length);
}

function validatePool({ pool }: ResourceSliceSpec, errors: FieldErrors): void {
  const { name, resourceSliceCount = 0, generation = 0 } = pool ?? {};
  checkPoolName(name, errors.at("name"));
  if (resourceSliceCount <= 0)
    errors.at("resourceSliceCount").invalid(resourceSliceCount, "must be greater than zero");
  if (generation < 0) errors.at("generation").invalid(generation, "must be greater than or equal to zero");
}

/** Which nodes reach the devices: said in exactly one way. */
function validateNodes(spec: ResourceSliceSpec, errors: FieldErrors): void {
  const { nodeName, nodeSelector } = spec;
  const given: string[] = [];
  if (nodeName) {
    given.push("`nodeName`");
    checkNodeName(nodeName, errors.at("nodeName"));
  } else if (nodeName === "")
    errors.at("nodeName").invalid("", "must be either unset or set to a non-empty string");
  if (nodeSelector) {
    given.push("`nodeSelector`");
    const at = errors.at("nodeSelector");
    validateNodeSelector(nodeSelector, at, {});
    const { nodeSelectorTerms } = internalForm(nodeSelector, "NodeSelector") as Record<string, unknown[]>;
    if (nodeSelector.nodeSelectorTerms?.length !== 1)
      at.at("nodeSelectorTerms").invalid(nodeSelectorTerms, "must have exactly one node selector term");
  }
  for (const field of ["allNodes", "perDeviceNodeSelection"] as const) {
    if (spec[field]) given.push(`\`${field}\``);
    else if (spec[field] === false) errors.at(field).invalid(false, "must be either unset or set to true");
  }
  const rule = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
  if (given.length === 0) errors.required(rule);
  else if (given.length > 1) errors.invalid(`{${given.join(", ")}}`, `${rule}, but multiple fields are set`);
}

function validateCounterSet({ name, counters }: CounterSet, errors: FieldErrors): void {
  if (!name) errors.at("name").required();
  else checkLabel(name, errors.at("name"));
  validateCounters(counters, errors.at("counters"));
}
