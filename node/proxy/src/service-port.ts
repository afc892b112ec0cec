/**
 * What the kernel must know of one port of one Service: where it is reached, and where its packets may go.
 * A pure reading of a Service and its EndpointSlices, with kube-proxy's rules for choosing endpoints (KEP-1669,
 * KEP-2086, `topology.go`): ready ones; if none is, those that still serve while they terminate; of this node only where
 * the policy says Local.
 */

import type { Service } from "@knarr/kinds/generated/core-v1.ts";
import type { EndpointSlice } from "@knarr/kinds/generated/discovery-v1.ts";
import { keyOf } from "@knarr/machinery/object.ts";

export interface Target {
  readonly address: string;
  readonly port: number;
}

export interface ServicePort {
  /** `namespace/name:port`, for names of chains and for people. */
  readonly name: string;
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly port: number;
  readonly clusterIP: string;
  readonly nodePort: number | undefined;
  /** External and load-balancer addresses. */
  readonly externalIPs: readonly string[];
  /** Only these may use the load-balancer addresses; empty: everybody. */
  readonly sourceRanges: readonly string[];
  readonly internalLocal: boolean;
  readonly externalLocal: boolean;
  readonly affinitySeconds: number | undefined;
  readonly targets: readonly Target[];
  readonly localTargets: readonly Target[];
}

/** Ports of a Service that this proxy serves; none for headless ones, ExternalName, other proxies' and IPv6-only. */
export function servicePorts(
  service: Service,
  slices: readonly EndpointSlice[],
  nodeName: string,
): ServicePort[] {
  const spec = service.spec ?? {};
  const clusterIP = [spec.clusterIP, ...(spec.clusterIPs ?? [])].find(
    (ip) => ip && ip !== "None" && !ip.includes(":"),
  );
  if (!clusterIP || spec.type === "ExternalName") return [];
  if (service.metadata.labels?.["service.kubernetes.io/service-proxy-name"]) return [];

  const loadBalancerIPs = (service.status?.loadBalancer?.ingress ?? [])
    .filter(({ ipMode }) => ipMode !== "Proxy")
    .flatMap(({ ip }) => (ip && !ip.includes(":") ? [ip] : []));
  const externalIPs = [...(spec.externalIPs ?? []).filter((ip) => !ip.includes(":")), ...loadBalancerIPs];
  const isExternal = spec.type === "NodePort" || spec.type === "LoadBalancer" || externalIPs.length > 0;

  return (spec.ports ?? []).map((port) => {
    const endpoints = endpointsOf(slices, port.name ?? "", port.protocol ?? "TCP");
    return {
      name: `${keyOf(service)}:${port.name ?? port.port}/${port.protocol ?? "TCP"}`,
      protocol: (port.protocol ?? "TCP").toLowerCase() as ServicePort["protocol"],
      port: port.port,
      clusterIP,
      nodePort: port.nodePort || undefined,
      externalIPs: [...new Set(externalIPs)],
      sourceRanges:
        spec.type === "LoadBalancer" ? (spec.loadBalancerSourceRanges ?? []).map((r) => r.trim()) : [],
      internalLocal: spec.internalTrafficPolicy === "Local",
      externalLocal: isExternal && spec.externalTrafficPolicy === "Local",
      affinitySeconds:
        spec.sessionAffinity === "ClientIP"
          ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10800)
          : undefined,
      targets: usable(endpoints),
      localTargets: usable(endpoints.filter((e) => e.nodeName === nodeName)),
    };
  });
}

interface PortEndpoint extends Target {
  readonly nodeName: string | undefined;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}

function endpointsOf(slices: readonly EndpointSlice[], portName: string, protocol: string): PortEndpoint[] {
  const found = new Map<string, PortEndpoint>();
  for (const slice of slices) {
    if (slice.addressType !== "IPv4") continue;
    const port = slice.ports?.find(
      (p) => (p.name ?? "") === portName && (p.protocol ?? "TCP") === protocol,
    )?.port;
    if (port === undefined) continue;
    for (const { addresses, conditions = {}, nodeName } of slice.endpoints ?? []) {
      const address = addresses[0];
      if (!address) continue;
      const ready = conditions.ready ?? true;
      found.set(`${address}:${port}`, {
        address,
        port,
        nodeName,
        ready,
        serving: conditions.serving ?? ready,
        terminating: conditions.terminating ?? false,
      });
    }
  }
  return [...found.values()];
}

/** In a fixed order, so that the same endpoints give the same rules. */
function usable(endpoints: readonly PortEndpoint[]): Target[] {
  const ready = endpoints.filter((e) => e.ready);
  const chosen = ready.length ? ready : endpoints.filter((e) => e.serving && e.terminating);
  return chosen
    .map(({ address, port }) => ({ address, port }))
    .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : a.port - b.port));
}
