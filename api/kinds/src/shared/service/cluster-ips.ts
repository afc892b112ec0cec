/** Rules of cluster addresses and their families. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { isIpv6Text } from "@knarr/machinery/addresses.ts";

import type { Service } from "../../../generated/core-v1.ts";
import { checkAddress, isDualStack } from "../ip.ts";
import { checkOneOf } from "../values.ts";
import { isHeadless } from "./facts.ts";

/** `errors` is the spec. */
export function validateClusterIps(
  service: Service,
  previous: Service | undefined,
  errors: FieldErrors,
): void {
  const spec = service.spec!;
  if (spec.type === "ExternalName") return;
  const addresses = spec.clusterIPs ?? [];
  const at = errors.at("clusterIPs");
  if (spec.clusterIP) {
    if (!addresses.length) at.required();
    else if (addresses[0] !== spec.clusterIP) at.invalid(addresses, "first value must match `clusterIP`");
  } else if (addresses.length) at.invalid(addresses, "must be empty when `clusterIP` is not specified");
  const seen = new Set<string>();
  (spec.ipFamilies ?? []).forEach((family, i) => {
    checkOneOf(errors.at("ipFamilies").at(i), family, ["IPv4", "IPv6"]);
    if (seen.has(family)) errors.at("ipFamilies").at(i).duplicate(family);
    seen.add(family);
  });
  const policies = ["PreferDualStack", "RequireDualStack", "SingleStack"];
  checkOneOf(errors.at("ipFamilyPolicy"), spec.ipFamilyPolicy, policies);
  if (!areAddresses(addresses, previous?.spec?.clusterIPs, at)) return;
  if (addresses.length > 1 && !isDualStack(addresses))
    at.invalid(addresses, "may specify no more than one IP for each IP family");
  if (!isHeadless(service)) validateFamilies(addresses, spec.ipFamilies ?? [], at);
}

/** Whether the rest can be looked at. */
function areAddresses(
  addresses: readonly string[],
  previous: readonly string[] | undefined,
  errors: FieldErrors,
): boolean {
  const start = errors.list.length;
  addresses.forEach((address, i) => {
    if (i > 0 || address !== "None") checkAddress(errors.at(i), address, previous);
    else if (addresses.length > 1) errors.invalid(addresses, "'None' must be the first and only value");
  });
  const areFine = errors.list.length === start;
  if (addresses.length > 2) errors.invalid(addresses, "may only hold up to 2 values");
  return areFine;
}

function validateFamilies(
  addresses: readonly string[],
  families: readonly string[],
  errors: FieldErrors,
): void {
  addresses.forEach((address, i) => {
    const family = families[i];
    const isSix = isIpv6Text(address);
    if ((family === "IPv4" && isSix) || (family === "IPv6" && !isSix))
      errors.at(i).invalid(address, `expected an ${family} value as indicated by \`ipFamilies[${i}]\``);
  });
}

/** Cluster addresses stay; a second one may come and go. */
export function validateClusterIpsUpdate(
  { spec }: Service,
  { spec: before }: Service,
  errors: FieldErrors,
): void {
  const now = spec!.clusterIPs ?? [];
  const old = before!.clusterIPs ?? [];
  const at = errors.at("clusterIPs");
  if (old.length === now.length) {
    old.forEach((address, i) => {
      if (address !== now[i]) at.at(i).invalid(now, "may not change once set");
    });
    return;
  }
  if (!now.length) at.at(0).invalid(spec!.clusterIPs, "primary clusterIP can not be unset");
  else if (old.length && now[0] !== old[0]) at.at(0).invalid(now, "may not change once set");
  if (old.length > now.length && now.length === 1 && spec!.ipFamilyPolicy !== "SingleStack")
    errors
      .at("ipFamilyPolicy")
      .invalid(spec!.ipFamilyPolicy, "must be set to 'SingleStack' when releasing the secondary clusterIP");
}

export function validateIpFamiliesUpdate(
  { spec }: Service,
  { spec: before }: Service,
  errors: FieldErrors,
): void {
  const now = spec!.ipFamilies ?? [];
  const old = before!.ipFamilies ?? [];
  const first = errors.at("ipFamilies").at(0);
  if (old.length === now.length) {
    old.forEach((family, i) => {
      if (family !== now[i]) first.invalid(now, "may not change once set");
    });
    return;
  }
  if (old.length > now.length && !spec!.clusterIPs?.length)
    first.invalid(spec!.ipFamilies, "primary ipFamily can not be unset");
  if (now.length && old.length && now[0] !== old[0])
    first.invalid(spec!.clusterIPs, "may not change once set");
  if (old.length > now.length && now.length === 1 && spec!.ipFamilyPolicy !== "SingleStack")
    errors
      .at("ipFamilyPolicy")
      .invalid(spec!.ipFamilyPolicy, "must be set to 'SingleStack' when releasing the secondary ipFamily");
}
