/** Which resources there are: native ones, huge pages, and extended ones with a domain (`example.com/gpu`). */

import { qualifiedName } from "@knarr/machinery/names.ts";

import { isMultiple, isPositive, isWhole, parses } from "../amounts.ts";

const HUGE_PAGES = "hugepages-";

/** What may stand without a domain anywhere, quotas included. */
const standard = new Set([
  "cpu",
  "memory",
  "ephemeral-storage",
  "requests.cpu",
  "requests.memory",
  "requests.ephemeral-storage",
  "limits.cpu",
  "limits.memory",
  "limits.ephemeral-storage",
  "pods",
  "resourcequotas",
  "services",
  "replicationcontrollers",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "storage",
  "requests.storage",
  "services.nodeports",
  "services.loadbalancers",
]);

const ofContainers = new Set(["cpu", "memory", "ephemeral-storage"]);

/** Counted in whole numbers. */
const counted = new Set([
  "pods",
  "resourcequotas",
  "services",
  "replicationcontrollers",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "services.nodeports",
  "services.loadbalancers",
]);

export function isHugePage(name: string): boolean {
  return name.startsWith(HUGE_PAGES);
}

export function isStandardResource(name: string): boolean {
  return standard.has(name) || isHugePage(name) || name.startsWith(`requests.${HUGE_PAGES}`);
}

/** What a quota may limit without a domain. */
export function isQuotaResource(name: string): boolean {
  return name !== "storage" && isStandardResource(name);
}

export function isContainerResource(name: string): boolean {
  return ofContainers.has(name) || isHugePage(name);
}

export function isNativeResource(name: string): boolean {
  return !name.includes("/") || name.includes("kubernetes.io/");
}

export function isExtendedResource(name: string): boolean {
  if (isNativeResource(name) || name.startsWith("requests.")) return false;
  return qualifiedName(`requests.${name}`).length === 0;
}

export function isCountedResource(name: string): boolean {
  return counted.has(name) || isExtendedResource(name);
}

/** Whether more may be promised than there is: limits above requests. */
export function isOvercommitAllowed(name: string): boolean {
  return isNativeResource(name) && !isHugePage(name);
}

/** What can be given to a pod as a whole. */
export function isPodLevelResource(name: string): boolean {
  return name === "cpu" || name === "memory" || isHugePage(name);
}

/** `hugepages-2Mi` comes in multiples of 2Mi. */
export function isDivisibleHugePage(name: string, amount: string): boolean {
  const size = name.slice(HUGE_PAGES.length);
  return parses(size) && isPositive(size) && isWhole(size) && isMultiple(amount, size);
}
