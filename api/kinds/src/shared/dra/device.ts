/** One device of a slice: what it is, how much it has, which nodes reach it. */

import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";

import type {
  Counter,
  Device,
  DeviceAttribute,
  DeviceCounterConsumption,
} from "../../../generated/resource-v1.ts";
import { internalForm } from "../internal/form.ts";
import { validateNodeSelector } from "../pod/affinity.ts";
import { validateBindingConditions } from "./binding-conditions.ts";
import { validateCapacity } from "./capacity.ts";
import { checkList, checkMap, checkSet } from "./lists.ts";
import { checkLabel, checkNodeName, checkQualifiedName, MAX_QUALIFIED_NAME } from "./names.ts";
import { validateDeviceTaint } from "./taints.ts";

const MAX_ATTRIBUTES_AND_CAPACITIES = 32;
const MAX_ATTRIBUTE_VALUES = 48;
const MAX_VALUE_BYTES = 64;
const MAX_TAINTS = 16;
const MAX_CONSUMPTIONS = 2;
const MAX_COUNTERS = 32;
const MAX_LABEL = 63;

/** Fields that upstream keeps only with features that are off by default in v1.36. */
export function dropDisabled(device: Device): void {
  delete device.nodeAllocatableResourceMappings;
  for (const attribute of Object.values(device.attributes ?? {}))
    for (const field of ["bools", "ints", "strings", "versions"] as const) delete attribute[field];
}

export function validateDevice(
  device: Device,
  errors: FieldErrors,
  { previous, perDevice }: { readonly previous: Device | undefined; readonly perDevice: boolean },
): void {
  const { attributes = {}, capacity = {}, taints } = device;
  checkLabel(device.name, errors.at("name"));
  const values = Object.keys(attributes).length;
  const count = values + Object.keys(capacity).length;
  if (count > MAX_ATTRIBUTES_AND_CAPACITIES)
    errors.invalid(
      count,
      `the total number of attributes and capacities must not exceed ${MAX_ATTRIBUTES_AND_CAPACITIES}`,
    );
  if (values > MAX_ATTRIBUTE_VALUES)
    errors.invalid(values, `the total number of attribute values must not exceed ${MAX_ATTRIBUTE_VALUES}`);
  const names = { maxKey: MAX_QUALIFIED_NAME, checkKey: checkQualifiedName };
  checkMap(attributes, errors.at("attributes"), { ...names, check: validateAttribute });
  const isShared = device.allowMultipleAllocations === true;
  checkMap(capacity, errors.at("capacity"), {
    ...names,
    check: (item, at) => validateCapacity(item, at, { isShared }),
  });
  if (!previous || !semanticEqual(previous.taints, taints))
    checkList(taints, errors.at("taints"), {
      max: MAX_TAINTS,
      check: (taint, at) => validateDeviceTaint(taint, at),
    });
  checkSet(device.consumesCounters, errors.at("consumesCounters"), {
    max: MAX_CONSUMPTIONS,
    check: validateConsumption,
    keyOf: ({ counterSet = "" }) => counterSet,
  });
  if (perDevice) validateNodes(device, errors);
  else if (device.nodeName != null || device.nodeSelector || device.allNodes != null)
    errors.invalid(
      null,
      "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec",
    );
  validateBindingConditions(device, errors);
}

export function validateCounters(
  counters: Readonly<Record<string, Counter>> | undefined,
  errors: FieldErrors,
): void {
  if (Object.keys(counters ?? {}).length === 0) return errors.required();
  checkMap(counters, errors, { max: MAX_COUNTERS, maxKey: MAX_LABEL, checkKey: checkLabel });
}

function validateConsumption({ counterSet, counters }: DeviceCounterConsumption, errors: FieldErrors): void {
  if (!counterSet) errors.at("counterSet").required();
  else checkLabel(counterSet, errors.at("counterSet"));
  validateCounters(counters, errors.at("counters"));
}

const numeric = "(0|[1-9]\\d*)";
const prerelease = "(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)";
const semver = new RegExp(
  `^${numeric}\\.${numeric}\\.${numeric}(-${prerelease}(\\.${prerelease})*)?(\\+[0-9a-zA-Z-]+(\\.[0-9a-zA-Z-]+)*)?$`,
);

function validateAttribute(attribute: DeviceAttribute, errors: FieldErrors): void {
  const { string, version } = attribute;
  if (string != null && Buffer.byteLength(string) > MAX_VALUE_BYTES)
    errors.at("string").tooLong(MAX_VALUE_BYTES);
  if (version != null) {
    if (!semver.test(version))
      errors.at("version").invalid(version, "must be a string compatible with semver.org spec 2.0.0");
    if (Buffer.byteLength(version) > MAX_VALUE_BYTES) errors.at("version").tooLong(MAX_VALUE_BYTES);
  }
  const given = [attribute.bool, attribute.int, string, version].filter((value) => value != null);
  if (given.length === 0) errors.invalid("", "exactly one value must be specified");
  if (given.length > 1)
    errors.invalid(internalForm(attribute, "DeviceAttribute"), "exactly one value must be specified");
}

function validateNodes({ nodeName, nodeSelector, allNodes }: Device, errors: FieldErrors): void {
  const given: string[] = [];
  if (nodeName) {
    given.push("`nodeName`");
    checkNodeName(nodeName, errors.at("nodeName"));
  } else if (nodeName === "") errors.at("nodeName").invalid("", "must not be empty");
  if (nodeSelector) {
    given.push("`nodeSelector`");
    validateNodeSelector(nodeSelector, errors.at("nodeSelector"), {});
  }
  if (allNodes) given.push("`allNodes`");
  else if (allNodes === false) errors.at("allNodes").invalid(false, "must be either unset or set to true");
  const rule =
    "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec";
  if (given.length === 0) errors.required(rule);
  else if (given.length > 1) errors.invalid(`{${given.join(", ")}}`, rule);
}
