/** One pod behind a Service, as an endpoint of a slice. */

import type { Node, Pod, Service } from "@knarr/kinds/generated/core-v1.ts";
import type { Endpoint, EndpointHints, EndpointPort } from "@knarr/kinds/generated/discovery-v1.ts";
import { canonicalIp, isIpv6Text } from "@knarr/machinery/addresses.ts";
import { isReady } from "../pods.ts";
import { hostnameBehind, isHeadless, targetPort, zoneOf } from "../services.ts";

export type AddressType = "IPv4" | "IPv6";

/** The families that a Service's slices have, one set of slices each. */
export function addressTypesOf({ spec }: Service): readonly AddressType[] {
  const families = (spec?.ipFamilies ?? []).filter((family) => family === "IPv4" || family === "IPv6");
  if (families.length > 0) return families as AddressType[];
  const { clusterIP } = spec ?? {};
  if (!clusterIP || clusterIP === "None") return ["IPv4", "IPv6"];
  return [isIpv6Text(clusterIP) ? "IPv6" : "IPv4"];
}

/** Undefined for a pod without an address of the family. */
export function endpointOf(
  owner: Service,
  pod: Pod,
  onNode: Node | undefined,
  family: AddressType,
): Endpoint | undefined {
  const addresses = (pod.status?.podIPs ?? [])
    .map(({ ip }) => canonicalIp(ip) ?? ip)
    .filter((ip) => isIpv6Text(ip) === (family === "IPv6"));
  if (addresses.length === 0) return undefined;

  const serving = isReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const ready = owner.spec!.publishNotReadyAddresses === true || (serving && !terminating);
  const { namespace, name, uid } = pod.metadata;
  const { nodeName } = pod.spec!;
  const zone = onNode && zoneOf(onNode);
  const hostname = hostnameBehind(owner, pod);
  const hints = ready ? hintsOf(owner, nodeName, zone) : undefined;
  return {
    addresses,
    conditions: { ready, serving, terminating },
    ...(hostname && { hostname }),
    targetRef: { kind: "Pod", namespace: namespace!, name: name!, uid: uid! },
    ...(nodeName && { nodeName }),
    ...(zone && { zone }),
    ...(hints && { hints }),
  };
}

/** The ports of the Service as this pod has them; one that it has not is left out. */
export function portsOf(owner: Service, pod: Pod): readonly EndpointPort[] {
  const ports = owner.spec?.ports ?? [];
  if (ports.length === 0 && isHeadless(owner)) return [];
  return ports.flatMap((port) => {
    const number = targetPort(port, pod);
    if (number === undefined) return [];
    const { name = "", protocol = "TCP", appProtocol } = port;
    return [{ name, port: number, protocol, ...(appProtocol !== undefined && { appProtocol }) }];
  });
}

/** Whom an endpoint is meant for, where the Service prefers what is near (KEP-4444, KEP-3015). */
function hintsOf(
  { spec, metadata }: Service,
  nodeName: string | undefined,
  zone: string | undefined,
): EndpointHints | undefined {
  const mode =
    metadata.annotations?.["service.kubernetes.io/topology-aware-hints"] ??
    metadata.annotations?.["service.kubernetes.io/topology-mode"];
  if (mode === "Auto" || mode === "auto") return undefined;
  const sameNode = spec?.trafficDistribution === "PreferSameNode";
  const sameZone =
    sameNode || spec?.trafficDistribution === "PreferSameZone" || spec?.trafficDistribution === "PreferClose";
  const hints: EndpointHints = {
    ...(sameZone && zone && { forZones: [{ name: zone }] }),
    ...(sameNode && nodeName && { forNodes: [{ name: nodeName }] }),
  };
  return Object.keys(hints).length > 0 ? hints : undefined;
}
