/** What upstream warns of in Services. */

import { cidrWarnings, ipWarnings } from "@knarr/machinery/addresses.ts";

import type { Service } from "../../../generated/core-v1.ts";

const TOPOLOGY_HINTS = "service.kubernetes.io/topology-aware-hints";

export function serviceWarnings({ metadata, spec = {} }: Service): readonly string[] {
  const warnings: string[] = [];
  const isHeadless = spec.type === "ClusterIP" && spec.clusterIP === "None";
  if (metadata.annotations?.[TOPOLOGY_HINTS] !== undefined)
    warnings.push(
      `annotation ${TOPOLOGY_HINTS} is deprecated, please use service.kubernetes.io/topology-mode instead`,
    );
  if (spec.clusterIPs?.length && spec.clusterIP !== "None")
    spec.clusterIPs.forEach((address, i) => warnings.push(...ipWarnings(`spec.clusterIPs[${i}]`, address)));
  if (isHeadless) {
    if (spec.loadBalancerIP) warnings.push("spec.loadBalancerIP is ignored for headless services");
    if (spec.externalIPs?.length) warnings.push("spec.externalIPs is ignored for headless services");
    if (spec.sessionAffinity !== "None")
      warnings.push("spec.SessionAffinity is ignored for headless services");
  }
  const external = spec.externalIPs ?? [];
  external.forEach((address, i) => warnings.push(...ipWarnings(`spec.externalIPs[${i}]`, address)));
  if (external.length && !isHeadless && spec.type !== "ExternalName")
    warnings.push("spec.externalIPs is deprecated and may no longer be implemented in some clusters");
  if (spec.loadBalancerIP) warnings.push(...ipWarnings("spec.loadBalancerIP", spec.loadBalancerIP));
  (spec.loadBalancerSourceRanges ?? []).forEach((range, i) =>
    warnings.push(...cidrWarnings(`spec.loadBalancerSourceRanges[${i}]`, range)),
  );
  if (spec.type === "ExternalName" && external.length)
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (spec.type !== "ExternalName" && spec.externalName)
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  if (spec.trafficDistribution === "PreferClose")
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  return warnings;
}
