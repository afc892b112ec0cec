/**
 * The Service `kubernetes` in `default`: how pods find the API. It always has the first address of the service network, which is in the
 * serving certificate, and endpoints: this server, or all that serve the cluster.
 */

import { endpoints as endpointsKind } from "@knarr/kinds/core/endpoints.ts";
import { service as serviceKind } from "@knarr/kinds/core/service.ts";
import { endpointSlice as sliceKind } from "@knarr/kinds/discovery/endpoint-slice.ts";
import type { Api } from "@knarr/client/api.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { World } from "../admission/plugin.ts";

const NAME = "kubernetes";
const NAMESPACE = "default";
const KEY = `${NAMESPACE}/${NAME}`;

export interface Reachable {
  /** First address of the service network. */
  readonly clusterIp: string;
  /** Where the servers are for others. */
  readonly addresses: readonly string[];
  readonly port: number;
}

export async function publishService(api: Api, world: World, clusterIp: string, port: number): Promise<void> {
  const existing = world.get(serviceKind, KEY);
  const labels = { component: "apiserver", provider: "kubernetes" };
  const ports = [{ name: "https", protocol: "TCP", port: 443, targetPort: port }];
  if (!existing) {
    await api.create(serviceKind, {
      metadata: { name: NAME, namespace: NAMESPACE, labels },
      spec: { type: "ClusterIP", clusterIP: clusterIp, sessionAffinity: "None", ports },
    } as never);
    return;
  }
  if (semanticEqual(existing.spec?.ports, ports)) return;
  await api.update(serviceKind, { ...existing, spec: { ...existing.spec, ports } } as never);
}

/**
 * Endpoints, and the slice that mirrors them. A server that is known by a loopback address only has none: nobody else could
 * reach it there, and no object may say so.
 */
export async function publishEndpoints(
  api: Api,
  world: World,
  { addresses: all, port }: Reachable,
): Promise<void> {
  const addresses = all.filter((address) => !address.startsWith("127."));
  if (addresses.length === 0) return;
  const metadata = {
    name: NAME,
    namespace: NAMESPACE,
    labels: { "endpointslice.kubernetes.io/skip-mirror": "true" },
  };
  await put(api, world, endpointsKind, {
    metadata,
    subsets: [
      { addresses: addresses.map((ip) => ({ ip })), ports: [{ name: "https", port, protocol: "TCP" }] },
    ],
  });
  await put(api, world, sliceKind, {
    metadata: { ...metadata, labels: { "kubernetes.io/service-name": NAME } },
    addressType: "IPv4",
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ name: "https", port, protocol: "TCP" }],
  });
}

/** Makes `object`, or makes what is there like it. */
async function put(
  api: Api,
  world: World,
  resource: Resource<any>,
  object: ApiObject & Record<string, unknown>,
): Promise<void> {
  const existing = world.get(resource, KEY) as ApiObject | undefined;
  if (!existing) {
    await api.create(resource, object);
    return;
  }
  const { metadata: _, ...wanted } = object;
  const { metadata: __, kind: ___, apiVersion: ____, ...present } = existing;
  if (!semanticEqual(wanted, present)) await api.update(resource, { ...existing, ...wanted });
}
