/** Endpoints that people wrote, as EndpointSlices: one slice for each subset and family. */

import { endpoints as endpointsResource } from "@knarr/kinds/core/endpoints.ts";
import type { EndpointAddress, Endpoints } from "@knarr/kinds/generated/core-v1.ts";
import type { Endpoint, EndpointSlice } from "@knarr/kinds/generated/discovery-v1.ts";
import { canonicalIp, isIpv6Text } from "@knarr/machinery/addresses.ts";
import { MANAGED_BY_LABEL, SERVICE_LABEL } from "../endpoint-slice/slices.ts";
import { subsetsOf, type Member } from "../endpoints/subsets.ts";
import { prefixOf } from "../names.ts";
import { controlledBy } from "../owners.ts";

export const MANAGER = "endpointslicemirroring-controller.k8s.io";
/** Of one subset; more are left out. */
export const MAX_ADDRESSES = 1000;

/** Annotations that say something of the Endpoints object itself. */
const own = new Set([
  "endpoints.kubernetes.io/last-change-trigger-time",
  "kubectl.kubernetes.io/last-applied-configuration",
]);

export interface Mirrored {
  readonly slices: readonly EndpointSlice[];
  /** Addresses that are no IP addresses. */
  readonly invalid: number;
  /** Addresses beyond the limit. */
  readonly skipped: number;
}

export function mirror(object: Endpoints): Mirrored {
  const slices: EndpointSlice[] = [];
  let invalid = 0;
  let skipped = 0;
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of subsetsOf(membersOf(object))) {
    const endpoints = [
      ...addresses.map((address) => endpointOf(address, true)),
      ...notReadyAddresses.map((address) => endpointOf(address, false)),
    ];
    const valid = endpoints.filter((endpoint) => endpoint !== undefined);
    invalid += endpoints.length - valid.length;
    skipped += Math.max(0, valid.length - MAX_ADDRESSES);
    const kept = valid.slice(0, MAX_ADDRESSES);
    for (const family of ["IPv4", "IPv6"] as const) {
      const ofFamily = kept.filter(({ addresses: [ip] }) => isIpv6Text(ip!) === (family === "IPv6"));
      if (ofFamily.length === 0) continue;
      slices.push({
        ...emptySlice(object),
        addressType: family,
        ports: ports.map(({ name = "", port, protocol = "TCP", appProtocol }) => ({
          name,
          port,
          protocol,
          ...(appProtocol !== undefined && { appProtocol }),
        })),
        endpoints: ofFamily,
      });
    }
  }
  return { slices, invalid, skipped };
}

function membersOf({ subsets = [] }: Endpoints): readonly Member[] {
  return subsets.flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }) => {
    const each = ports.length > 0 ? ports : [undefined];
    return each.flatMap((port) => [
      ...addresses.map((address) => ({ address, port, ready: true })),
      ...notReadyAddresses.map((address) => ({ address, port, ready: false })),
    ]);
  });
}

function endpointOf(
  { ip, hostname, nodeName, targetRef }: EndpointAddress,
  ready: boolean,
): Endpoint | undefined {
  const address = canonicalIp(ip);
  if (!address) return undefined;
  return {
    addresses: [address],
    conditions: { ready },
    ...(hostname && { hostname }),
    ...(targetRef && { targetRef }),
    ...(nodeName && { nodeName }),
  };
}

function emptySlice(object: Endpoints): Omit<EndpointSlice, "addressType"> {
  const { name, namespace, labels, annotations = {} } = object.metadata;
  const copied = Object.entries(annotations).filter(([annotation]) => !own.has(annotation));
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      generateName: prefixOf(name!),
      namespace: namespace!,
      labels: { ...labels, [SERVICE_LABEL]: name!, [MANAGED_BY_LABEL]: MANAGER },
      ...(copied.length > 0 && { annotations: Object.fromEntries(copied) }),
      ownerReferences: [controlledBy(endpointsResource, object)],
    },
  };
}
