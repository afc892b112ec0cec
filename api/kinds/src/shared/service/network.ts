/**
 * The part of a Service's addresses and ports that follows from what is written and what was there before. The API
 * server runs it, then allocates what is still missing, then prepares and validates: allocation needs the cluster, this
 * does not.
 *
 *     settleAllocated(service, previous);
 *     settleIpFamilies(service, previous, errors, { primary: "IPv4", isDualStack: false });
 *     // … allocate spec.clusterIPs, nodePorts, healthCheckNodePort …
 */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { isIpv6Text } from "@knarr/machinery/addresses.ts";

import type { Service } from "../../../generated/core-v1.ts";
import { equivalent } from "../equality.ts";
import {
  hasSameClusterIps,
  hasSameItems,
  needsClusterIp,
  needsHealthCheckPort,
  needsNodePort,
} from "./facts.ts";
import { validateClusterIps } from "./cluster-ips.ts";

export type IpFamily = "IPv4" | "IPv6";

export interface ClusterFamilies {
  readonly primary: IpFamily;
  /** Service addresses of the other family can be had too. */
  readonly isDualStack: boolean;
}

/** Puts back what the server allocated before and the client left out, and brings `clusterIP` and `clusterIPs` in line. */
export function settleAllocated(service: Service, previous: Service | undefined): void {
  if (previous) {
    keepClusterIps(service, previous);
    keepNodePorts(service, previous);
    if (needsHealthCheckPort(previous) && needsHealthCheckPort(service) && previous.spec?.healthCheckNodePort)
      service.spec!.healthCheckNodePort ||= previous.spec.healthCheckNodePort;
  }
  normalizeClusterIps(service, previous);
}

function keepClusterIps(service: Service, previous: Service): void {
  if (!needsClusterIp(previous) || !needsClusterIp(service)) return;
  const spec = service.spec!;
  const before = previous.spec!;
  if (!spec.clusterIP && before.clusterIP) spec.clusterIP = before.clusterIP;
  if (!spec.clusterIPs?.length && before.clusterIPs?.length) spec.clusterIPs = [...before.clusterIPs];
}

/** By the port's name, unless another port of the new object has taken the number. */
function keepNodePorts(service: Service, previous: Service): void {
  if (!needsNodePort(previous) || !needsNodePort(service)) return;
  const before = previous.spec!.ports ?? [];
  const ports = service.spec!.ports ?? [];
  const written = new Set(ports.map(({ nodePort }) => nodePort ?? 0));
  const byName = new Map(before.map(({ name = "", nodePort = 0 }) => [name, nodePort]));
  for (const port of ports) {
    const old = byName.get(port.name ?? "");
    if (!port.nodePort && old && !written.has(old)) port.nodePort = old;
  }
}

/** Old clients know only the singular; what they mean by it is found from what changed. */
function normalizeClusterIps(service: Service, previous: Service | undefined): void {
  const spec = service.spec!;
  if (!previous) {
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  const before = previous.spec!;
  const isSame = (spec.clusterIP ?? "") === (before.clusterIP ?? "");
  if (before.clusterIPs?.length && !spec.clusterIPs?.length && isSame)
    spec.clusterIPs = [...before.clusterIPs];
  if (isSame || !hasSameItems(spec.clusterIPs, before.clusterIPs)) return;
  if (before.clusterIP && !spec.clusterIP) delete spec.clusterIPs;
  else if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP];
}

/**
 * Fills `ipFamilyPolicy` and `ipFamilies`. Findings end the request: upstream reports them before all others and
 * without them.
 */
export function settleIpFamilies(
  service: Service,
  previous: Service | undefined,
  errors: FieldErrors,
  cluster: ClusterFamilies,
): void {
  if (!needsClusterIp(service) || isDualStackUnchanged(service, previous)) return;
  const spec = service.spec!;
  const isHeadlessAlone = spec.clusterIP === "None" && !Object.keys(spec.selector ?? {}).length;
  spec.ipFamilyPolicy ??=
    previous?.spec?.ipFamilyPolicy ?? (isHeadlessAlone ? "RequireDualStack" : "SingleStack");
  const start = errors.list.length;
  validateClusterIps(service, previous, errors.at("spec"));
  if (errors.list.length > start) return;
  if (previous) releaseSecondary(service, previous, errors.at("spec"));
  checkCounts(service, errors.at("spec"));
  familiesOfAddresses(service, errors.at("spec"), cluster);
  if (errors.list.length > start) return;
  if (!isHeadlessAlone) {
    checkConfigured(service, errors.at("spec"), cluster);
    if (errors.list.length > start) return;
  }
  fillFamilies(service, cluster, { isHeadlessAlone });
}

/** An update that leaves addresses, families and policy of a PreferDualStack Service as they were changes nothing here. */
function isDualStackUnchanged(service: Service, previous: Service | undefined): boolean {
  if (service.spec?.ipFamilyPolicy !== "PreferDualStack" || !previous) return false;
  return (
    previous.spec?.ipFamilyPolicy === "PreferDualStack" &&
    service.spec.type === previous.spec.type &&
    hasSameClusterIps(service, previous) &&
    equivalent(service.spec.ipFamilies, previous.spec.ipFamilies)
  );
}

function releaseSecondary(service: Service, previous: Service, errors: FieldErrors): void {
  const spec = service.spec!;
  const before = previous.spec!;
  if (spec.ipFamilyPolicy === "SingleStack") {
    if (hasSameClusterIps(service, previous) && (spec.clusterIPs?.length ?? 0) > 1)
      spec.clusterIPs = spec.clusterIPs!.slice(0, 1);
    if (equivalent(spec.ipFamilies, before.ipFamilies) && (spec.ipFamilies?.length ?? 0) > 1)
      spec.ipFamilies = spec.ipFamilies!.slice(0, 1);
    return;
  }
  const isReduced = (now: readonly string[] = [], old: readonly string[] = []): boolean =>
    old.length > now.length && now.length === 1 && now[0] === old[0];
  const at = errors.at("ipFamilyPolicy");
  if (isReduced(spec.clusterIPs, before.clusterIPs))
    at.invalid(spec.ipFamilyPolicy, "must be 'SingleStack' to release the secondary cluster IP");
  if (isReduced(spec.ipFamilies, before.ipFamilies))
    at.invalid(spec.ipFamilyPolicy, "must be 'SingleStack' to release the secondary IP family");
}

function checkCounts({ spec }: Service, errors: FieldErrors): void {
  if (spec!.ipFamilyPolicy !== "SingleStack") return;
  const at = errors.at("ipFamilyPolicy");
  const WANTED = "must be 'RequireDualStack' or 'PreferDualStack' when multiple";
  if (spec!.clusterIPs?.length === 2) at.invalid("SingleStack", `${WANTED} cluster IPs are specified`);
  if (spec!.ipFamilies?.length === 2) at.invalid("SingleStack", `${WANTED} IP families are specified`);
}

function familiesOfAddresses({ spec }: Service, errors: FieldErrors, cluster: ClusterFamilies): void {
  for (const [i, address] of (spec!.clusterIPs ?? []).entries()) {
    if (address === "None") return;
    if (i < (spec!.ipFamilies?.length ?? 0)) continue;
    const family = isIpv6Text(address) ? "IPv6" : "IPv4";
    if (isConfigured(family, cluster)) (spec!.ipFamilies ??= []).push(family);
    else
      errors.at("clusterIPs").at(i).invalid(spec!.clusterIPs, `${family} is not configured on this cluster`);
  }
}

function isConfigured(family: string, { primary, isDualStack }: ClusterFamilies): boolean {
  return family === primary || isDualStack;
}

function checkConfigured({ spec }: Service, errors: FieldErrors, cluster: ClusterFamilies): void {
  if (spec!.ipFamilyPolicy === "RequireDualStack" && !cluster.isDualStack)
    errors
      .at("ipFamilyPolicy")
      .invalid(spec!.ipFamilyPolicy, "this cluster is not configured for dual-stack services");
  (spec!.ipFamilies ?? []).forEach((family, i) => {
    if (!isConfigured(family, cluster))
      errors.at("ipFamilies").at(i).invalid(family, "not configured on this cluster");
  });
}

/** Headless without a selector: nobody knows what endpoints it will get, so both families unless told otherwise. */
function fillFamilies(
  { spec }: Service,
  cluster: ClusterFamilies,
  { isHeadlessAlone }: { readonly isHeadlessAlone: boolean },
): void {
  const families = (spec!.ipFamilies?.length ? spec!.ipFamilies : undefined) ?? [cluster.primary];
  spec!.ipFamilies = families;
  const wantsBoth = spec!.ipFamilyPolicy !== "SingleStack" && (isHeadlessAlone || cluster.isDualStack);
  if (wantsBoth && families.length === 1) families.push(families[0] === "IPv4" ? "IPv6" : "IPv4");
}
