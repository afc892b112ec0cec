/**
 * Where a Service is that extends this server: a webhook, an API server behind ours. It is a ready endpoint out of the server's own caches, so
 * that neither the cluster's DNS nor its packet rules need to work on this host; the certificate there is for the Service's name all the same.
 */

import { defineIndex } from "@knarr/client/cache.ts";
import { service as serviceKind } from "@knarr/kinds/core/service.ts";
import { endpointSlice as sliceKind } from "@knarr/kinds/discovery/endpoint-slice.ts";
import type { Service } from "@knarr/kinds/generated/core-v1.ts";
import type { EndpointSlice } from "@knarr/kinds/generated/discovery-v1.ts";
import { quote } from "@knarr/machinery/quote.ts";
import { notFound, serviceUnavailable } from "@knarr/machinery/status.ts";
import type { Caches } from "../cache/cache.ts";

export interface ServiceReference {
  readonly namespace: string;
  readonly name: string;
  /** Default 443. */
  readonly port?: number | undefined;
}

export interface ServiceTarget {
  readonly host: string;
  readonly port: number;
  /** The name that the certificate there must be for. */
  readonly serverName: string;
}

export const DEFAULT_SERVICE_PORT = 443;

const SERVICE_NAME = "kubernetes.io/service-name";

const slicesByService = defineIndex<EndpointSlice & { metadata: object }>({
  name: "endpoint slices by service",
  of: sliceKind as never,
  values: ({ metadata = {} }) => [`${metadata.namespace}/${metadata.labels?.[SERVICE_NAME]}`],
});

/** Another endpoint each time, as it falls. Throws ApiError in upstream's words: no such Service, no such port, nobody ready. */
export function serviceTarget(caches: Caches, reference: ServiceReference): ServiceTarget {
  const { namespace, name, port = DEFAULT_SERVICE_PORT } = reference;
  const service = caches.world.get(serviceKind, `${namespace}/${name}`);
  if (!service) throw notFound({ group: "", resource: "service" }, name);
  const serverName = serverNameOf(reference);
  const { type = "ClusterIP", externalName = "" } = service.spec ?? {};
  if (type === "ExternalName") return { host: externalName, port, serverName };

  const portName = portNameOf(service, port);
  const slices = caches.of(sliceKind as never).by(slicesByService as never, `${namespace}/${name}`);
  const endpoint = readyEndpoint(service, slices as readonly EndpointSlice[], portName);
  if (!endpoint) throw serviceUnavailable(`no endpoints available for service ${quote(name)}`);
  return { ...endpoint, serverName };
}

/** `web.default.svc` */
export function serverNameOf({ namespace, name }: ServiceReference): string {
  return `${name}.${namespace}.svc`;
}

function portNameOf({ metadata, spec }: Service, port: number): string {
  const found = spec?.ports?.find((one) => one.port === port);
  if (!found)
    throw serviceUnavailable(`no service port ${port} found for service ${quote(metadata?.name ?? "")}`);
  return found.name ?? "";
}

/** Of the Service's first address family while it has any. */
function readyEndpoint({ spec }: Service, slices: readonly EndpointSlice[], portName: string) {
  const preferred = spec?.ipFamilies?.[0];
  const found = slices.flatMap((slice) => readyIn(slice, portName));
  const first = found.filter(({ family }) => family === preferred);
  const choices = first.length > 0 ? first : found;
  const chosen = choices[Math.floor(Math.random() * choices.length)];
  return chosen && { host: chosen.host, port: chosen.port };
}

function readyIn({ addressType, ...slice }: EndpointSlice, portName: string) {
  const [endpoints, ports] = [slice.endpoints ?? [], slice.ports ?? []]; // null when empty, as Go writes them
  const port = ports.find((one) => (one.name ?? "") === portName)?.port;
  if (!port) return [];
  return endpoints.flatMap(({ conditions, addresses }) =>
    conditions?.ready === false || !addresses[0] ? [] : [{ family: addressType, host: addresses[0], port }],
  );
}
