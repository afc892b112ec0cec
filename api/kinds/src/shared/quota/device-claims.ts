/**
 * Claims of devices against quotas: their number, and the devices of each class that they may come to. A claim that was made for a pod's
 * extended resources counts only what the pod does not account for itself.
 */

import { controllerOf, type ApiObject } from "@knarr/machinery/object.ts";
import { Quantity } from "@knarr/machinery/quantity.ts";
import type { Pod } from "../../../generated/core-v1.ts";
import type { DeviceRequest, ResourceClaim } from "../../../generated/resource-v1.ts";
import { pod as podKind } from "../../core/pod.ts";
import { deviceClass } from "../../resource/device-class.ts";
import { resourceClaim } from "../../resource/resource-claim.ts";
import { DEVICE_CLASS, extendedNameOf, isOfDeviceClass } from "./device-classes.ts";
import { countName, type Evaluator, type Surroundings } from "./evaluator.ts";
import { isRequestOfExtended, pods } from "./pods.ts";
import { ONE, plus, type Usage } from "./usage.ts";

const KIND = "resourceclaims.resource.k8s.io";
const COUNT = countName(KIND);
const DEVICES = ".deviceclass.resource.k8s.io/devices";
const REQUESTS = "requests.";
const FOR_EXTENDED = "resource.kubernetes.io/extended-resource-claim";
/** The most that one claim can be given. */
const MAX_DEVICES = 32;

export const deviceClaims: Evaluator<ResourceClaim> = {
  kind: KIND,

  reads: [resourceClaim, deviceClass, podKind],
  mayTrack: (name) => name === COUNT || name.endsWith(DEVICES) || isRequestOfExtended(name),
  tracks: (name, around) =>
    isRequestOfExtended(name)
      ? isOfDeviceClass(name.slice(REQUESTS.length), around)
      : deviceClaims.mayTrack(name),

  usage(claim, around) {
    const devices: Record<string, number> = {};
    for (const request of claim.spec.devices?.requests ?? [])
      for (const [className, count] of worstCase(request))
        devices[className] = (devices[className] ?? 0) + count;
    const usage: Record<string, Quantity> = { [COUNT]: ONE };
    for (const className in devices) usage[className + DEVICES] = Quantity.of(devices[className]!);
    return plus(usage, asExtended(devices, ownPodUsage(claim, around), around));
  },

  isCharged: ({ subresource }) => subresource === "",
};

/** Devices by class: all there can be for `All`, and the most of what is tried in turn. */
function worstCase({ exactly, firstAvailable }: DeviceRequest): ReadonlyMap<string, number> {
  const most = new Map<string, number>();
  const requests = firstAvailable?.length ? firstAvailable : exactly ? [exactly] : [];
  for (const { deviceClassName, allocationMode, count = 0 } of requests) {
    const devices = allocationMode === "All" ? MAX_DEVICES : allocationMode === "ExactCount" ? count : 0;
    most.set(deviceClassName, Math.max(most.get(deviceClassName) ?? 0, devices));
  }
  return most;
}

/** The same devices by the names that containers may ask for them by, less what the pod has been charged for. */
function asExtended(devices: Readonly<Record<string, number>>, charged: Usage, around: Surroundings): Usage {
  const usage: Record<string, Quantity> = {};
  for (const className in devices) {
    if (!className) continue;
    const named = extendedNameOf(className, around);
    for (const resource of [DEVICE_CLASS + className, ...(named ? [named] : [])]) {
      const name = REQUESTS + resource;
      const all = Quantity.of(devices[className]!);
      const rest = charged[name] ? all.minus(charged[name]) : all;
      if (rest.sign > 0) usage[name] = rest;
    }
  }
  return usage;
}

/** What the pod uses that the claim was made for; nothing unless claim and pod agree that it was. */
function ownPodUsage(claim: ResourceClaim, around: Surroundings): Usage {
  const { namespace, name } = claim.metadata;
  const owner = extendedOwner(claim);
  const pod = owner && around.get<Pod>(podKind, `${namespace}/${owner.name}`);
  if (!pod || pod.metadata.uid !== owner.uid) return {};
  const told = pod.status?.extendedResourceClaimStatus;
  if (told ? told.resourceClaimName !== name : !isFirst(claim, owner.uid, around)) return {};
  return pods.usage(pod, around);
}

function extendedOwner(claim: ApiObject) {
  if (claim.metadata.annotations?.[FOR_EXTENDED] !== "true") return undefined;
  const owner = controllerOf(claim);
  return owner?.kind === "Pod" && owner.apiVersion === "v1" ? owner : undefined;
}

/** Of several claims for one pod, the oldest is the pod's. */
function isFirst(claim: ResourceClaim, podUid: string, around: Surroundings): boolean {
  const age = ({ metadata }: ApiObject): string => `${metadata.creationTimestamp ?? ""} ${metadata.name}`;
  return around
    .list(resourceClaim, claim.metadata.namespace)
    .filter((other) => extendedOwner(other)?.uid === podUid)
    .every((other) => age(other) >= age(claim));
}
