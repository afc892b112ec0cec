/** Device classes that can be asked for as extended resources of containers, by a name of their own or by the class's. */

import { deviceClass } from "../../resource/device-class.ts";
import type { Surroundings } from "./evaluator.ts";

/** `deviceclass.resource.kubernetes.io/gpu`: any class, as a resource. */
export const DEVICE_CLASS = "deviceclass.resource.kubernetes.io/";

export function extendedNameOf(className: string, around: Surroundings): string | undefined {
  return around.get(deviceClass, className)?.spec?.extendedResourceName || undefined;
}

export function isOfDeviceClass(resourceName: string, around: Surroundings): boolean {
  return resourceName.startsWith(DEVICE_CLASS)
    ? around.get(deviceClass, resourceName.slice(DEVICE_CLASS.length)) !== undefined
    : around.list(deviceClass).some(({ spec }) => spec?.extendedResourceName === resourceName);
}
