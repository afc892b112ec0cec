/**
 * How resource.k8s.io/v1beta1 says what later versions say: a request for one sort of devices has its fields beside its name, not under
 * `exactly`, and those of a device of a slice lie under `basic`.
 */

import type {
  DeviceRequest,
  Device,
  ResourceClaimSpec,
  ResourceSliceSpec,
} from "../../../generated/resource-v1.ts";
import type * as old from "../../../generated/resource-v1beta1.ts";
import { defaultRequest } from "./requests.ts";

export function claimSpecToHub(spec: old.ResourceClaimSpec): ResourceClaimSpec {
  const { devices } = spec;
  if (!devices?.requests) return spec as ResourceClaimSpec;
  return { ...spec, devices: { ...devices, requests: devices.requests.map(requestToHub) } };
}

export function claimSpecFromHub(spec: ResourceClaimSpec): old.ResourceClaimSpec {
  const { devices } = spec;
  if (!devices?.requests) return spec as old.ResourceClaimSpec;
  return { ...spec, devices: { ...devices, requests: devices.requests.map(requestFromHub) } };
}

function requestToHub({ name, firstAvailable, ...exactly }: old.DeviceRequest): DeviceRequest {
  const isSet = Object.values(exactly).some((value) => value !== undefined && value !== "" && value !== 0);
  return {
    name,
    ...(firstAvailable && { firstAvailable }),
    ...(isSet && { exactly: { deviceClassName: "", ...exactly } }),
  };
}

function requestFromHub({ exactly, ...request }: DeviceRequest): old.DeviceRequest {
  return { ...request, ...exactly };
}

/** A request without a class has alternatives, and nothing to fill in. */
export function defaultOldClaimSpec({ devices }: old.ResourceClaimSpec): void {
  for (const request of devices?.requests ?? []) {
    if (request.deviceClassName) defaultRequest(request);
    for (const alternative of request.firstAvailable ?? []) defaultRequest(alternative);
  }
}

export function sliceSpecToHub(spec: old.ResourceSliceSpec): ResourceSliceSpec {
  const { nodeName, allNodes, devices, ...rest } = spec;
  return {
    ...rest,
    ...(nodeName && { nodeName }),
    ...(allNodes && { allNodes }),
    ...(devices && { devices: devices.map(({ name, basic }): Device => ({ name, ...basic })) }),
  };
}

export function sliceSpecFromHub({ devices, ...rest }: ResourceSliceSpec): old.ResourceSliceSpec {
  return {
    ...rest,
    ...(devices && { devices: devices.map(({ name, ...basic }): old.Device => ({ name, basic })) }),
  };
}
