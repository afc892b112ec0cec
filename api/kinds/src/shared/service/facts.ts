/** Questions about Services that rules, defaults and allocation all ask. */

import type { Service } from "../../../generated/core-v1.ts";

export function isHeadless({ spec }: Service): boolean {
  return spec?.clusterIPs?.length === 1 && spec.clusterIPs[0] === "None";
}

export function needsClusterIp({ spec }: Service): boolean {
  return spec?.type !== "ExternalName";
}

export function needsNodePort({ spec }: Service): boolean {
  return spec?.type === "NodePort" || spec?.type === "LoadBalancer";
}

/** A port on every node that tells a load balancer whether the node has endpoints. */
export function needsHealthCheckPort({ spec }: Service): boolean {
  return spec?.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local";
}

export function isExternallyAccessible({ spec }: Service): boolean {
  return (
    spec?.type === "LoadBalancer" ||
    spec?.type === "NodePort" ||
    (spec?.type === "ClusterIP" && (spec.externalIPs?.length ?? 0) > 0)
  );
}

export function hasSameClusterIps({ spec: a }: Service, { spec: b }: Service): boolean {
  return (a?.clusterIP ?? "") === (b?.clusterIP ?? "") && hasSameItems(a?.clusterIPs, b?.clusterIPs);
}

export function hasSameItems(a: readonly string[] = [], b: readonly string[] = []): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}
