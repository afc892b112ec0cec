/** The status of a claim: which devices it got, who uses them, what drivers say of them. */

import { validInterfaceAddress } from "@knarr/machinery/addresses.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";

import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceAllocationConfiguration,
  DeviceRequestAllocationResult,
  NetworkDeviceData,
  ResourceClaim,
  ResourceClaimConsumerReference,
} from "../../../generated/resource-v1.ts";
import { validateConditions } from "../conditions.ts";
import { internalForm } from "../internal/form.ts";
import { validateNodeSelector } from "../pod/affinity.ts";
import { reject } from "../values.ts";
import { validateBindingConditions } from "./binding-conditions.ts";
import { MAX_CONFIGURATIONS, validateConfiguration, validateRaw } from "./configuration.ts";
import { checkList, checkSet } from "./lists.ts";
import { checkLabel, checkPoolName, checkUid, validateDriverName } from "./names.ts";
import { checkRequestName, checkRequestNames, MAX_REQUESTS, requestNames } from "./requests.ts";

const MAX_CONSUMERS = 256;
const MAX_CONDITIONS = 8;
const MAX_ADDRESSES = 16;
const MAX_INTERFACE_NAME_BYTES = 256;
const MAX_HARDWARE_ADDRESS_BYTES = 128;

/** What tells one allocated device from all others. */
interface DeviceId {
  readonly Driver: string;
  readonly Pool: string;
  readonly Device: string;
  readonly ShareID: string;
}

function deviceId({
  driver = "",
  pool = "",
  device = "",
  shareID,
}: AllocatedDeviceStatus | DeviceRequestAllocationResult): DeviceId {
  return { Driver: driver, Pool: pool, Device: device, ShareID: shareID ?? "" };
}

function allocatedDevices(allocation: AllocationResult | undefined): Set<string> {
  return new Set((allocation?.devices?.results ?? []).map((result) => JSON.stringify(deviceId(result))));
}

/** What drivers said of devices that the claim no longer has goes with them. */
export function forgetDeallocated({ status }: ResourceClaim, previous: ResourceClaim): void {
  if (!status?.devices) return;
  const gone = allocatedDevices(previous.status?.allocation).difference(allocatedDevices(status.allocation));
  status.devices = status.devices.filter((device) => !gone.has(JSON.stringify(deviceId(device))));
  if (status.devices.length === 0) delete status.devices;
}

export function validateClaimStatus(
  { metadata, spec, status = {} }: ResourceClaim,
  previous: ResourceClaim,
  errors: FieldErrors,
): void {
  const { reservedFor = [], devices, allocation } = status;
  const before = previous.status ?? {};
  checkSet(reservedFor, errors.at("reservedFor"), {
    max: MAX_CONSUMERS,
    check: validateConsumer,
    keyOf: ({ uid = "" }) => uid,
  });
  const allocated = allocatedDevices(allocation);
  checkSet(devices, errors.at("devices"), {
    check: (device, at) => validateDeviceStatus(device, at, allocated),
    keyOf: deviceId,
  });
  if (reservedFor.length > 0 && !allocation)
    errors.at("reservedFor").forbidden("may not be specified when `allocated` is not set");
  else if (metadata.deletionTimestamp && hasMore(reservedFor, before.reservedFor ?? []))
    errors
      .at("reservedFor")
      .forbidden("new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set");
  if (!allocation) return;
  const at = errors.at("allocation");
  if (!before.allocation) validateAllocation(allocation, at, requestNames(spec?.devices ?? {}));
  else if (!semanticEqual(allocation, before.allocation))
    at.invalid(internalForm(allocation, "AllocationResult"), "field is immutable");
}

function hasMore(
  now: readonly ResourceClaimConsumerReference[],
  before: readonly ResourceClaimConsumerReference[],
): boolean {
  return now.some((consumer) => !before.some((other) => semanticEqual(consumer, other)));
}

function validateConsumer(
  { resource, name, uid }: ResourceClaimConsumerReference,
  errors: FieldErrors,
): void {
  if (!resource) errors.at("resource").required();
  if (!name) errors.at("name").required();
  if (!uid) errors.at("uid").required();
}

/** The rules of a new allocation, which are stricter than they once were. */
function validateAllocation(
  { devices, nodeSelector }: AllocationResult,
  errors: FieldErrors,
  names: ReadonlySet<string>,
): void {
  const at = errors.at("devices");
  checkList(devices?.results, at.at("results"), {
    max: MAX_REQUESTS,
    check: (result, place) => validateResult(result, place, names),
  });
  checkList(devices?.config, at.at("config"), {
    max: 2 * MAX_CONFIGURATIONS, // of the class and of the claim
    check: (config, place) => validateResultConfiguration(config, place, names),
  });
  if (nodeSelector) validateNodeSelector(nodeSelector, errors.at("nodeSelector"), {});
}

function validateResult(
  result: DeviceRequestAllocationResult,
  errors: FieldErrors,
  names: ReadonlySet<string>,
): void {
  checkRequestName(result.request ?? "", errors.at("request"), names);
  validateDriverName(result.driver, errors.at("driver"));
  checkPoolName(result.pool, errors.at("pool"));
  checkLabel(result.device, errors.at("device"));
  validateBindingConditions(result, errors);
  if (result.shareID != null) checkUid(result.shareID, errors.at("shareID"));
}

function validateResultConfiguration(
  config: DeviceAllocationConfiguration,
  errors: FieldErrors,
  names: ReadonlySet<string>,
): void {
  const { source } = config;
  const sources = ["FromClaim", "FromClass"];
  if (!source) errors.at("source").required();
  else if (!sources.includes(source)) errors.at("source").notSupported(source, sources);
  checkRequestNames(config.requests, errors.at("requests"), names);
  validateConfiguration(config, errors, { isStored: false });
}

function validateDeviceStatus(
  device: AllocatedDeviceStatus,
  errors: FieldErrors,
  allocated: ReadonlySet<string>,
): void {
  validateDriverName(device.driver, errors.at("driver"));
  checkPoolName(device.pool, errors.at("pool"));
  checkLabel(device.device, errors.at("device"));
  if (device.shareID != null) checkUid(device.shareID, errors.at("shareID"));
  const id = deviceId(device);
  if (!allocated.has(JSON.stringify(id))) errors.invalid(id, "must be an allocated device in the claim");
  const { conditions = [], data, networkData } = device;
  if (conditions.length > MAX_CONDITIONS) errors.at("conditions").tooMany(conditions.length, MAX_CONDITIONS);
  validateConditions(conditions, errors.at("conditions"));
  if (data != null) validateRaw(data, errors.at("data"), { isStored: false });
  if (networkData) validateNetworkData(networkData, errors.at("networkData"));
}

function validateNetworkData(
  { interfaceName = "", hardwareAddress = "", ips }: NetworkDeviceData,
  errors: FieldErrors,
): void {
  if (Buffer.byteLength(interfaceName) > MAX_INTERFACE_NAME_BYTES)
    errors.at("interfaceName").tooLong(MAX_INTERFACE_NAME_BYTES);
  if (Buffer.byteLength(hardwareAddress) > MAX_HARDWARE_ADDRESS_BYTES)
    errors.at("hardwareAddress").tooLong(MAX_HARDWARE_ADDRESS_BYTES);
  checkSet(ips, errors.at("ips"), {
    max: MAX_ADDRESSES,
    check: (address, at) => reject(at, address, validInterfaceAddress(address)),
    keyOf: (address) => address,
  });
}
