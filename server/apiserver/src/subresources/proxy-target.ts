/**
 * Where a proxied request goes: `[https:]name[:port]` of a pod, a service or a node, as a server to be asked.
 */

import { endpointSlice as sliceKind } from "@knarr/kinds/discovery/endpoint-slice.ts";
import { service as serviceKind } from "@knarr/kinds/core/service.ts";
import type { Endpoint } from "@knarr/kinds/generated/discovery-v1.ts";
import { pod as podKind } from "@knarr/kinds/core/pod.ts";
import { badRequest, internalError, notFound, serviceUnavailable } from "@knarr/machinery/status.ts";
import type { World } from "../admission/plugin.ts";
import { Http1Upstream } from "../proxying/http1-upstream.ts";
import type { Upstream } from "../proxying/upstream.ts";
import type { NodeConnections } from "./node-connections.ts";

/** What is inside the cluster is not asked for a certificate of anybody's. */
const UNCHECKED = { rejectUnauthorized: false };

const SCHEMES = ["", "http", "https"];

const ENDPOINTS = { group: "", resource: "endpoints" };

interface Wanted {
  readonly secure: boolean;
  readonly name: string;
  readonly port: string;
}

/** Undefined for what is no such name. */
function parseTarget(text: string): Wanted | undefined {
  const parts = text.split(":");
  const [scheme, name, port = ""] = parts.length < 3 ? ["", ...parts] : parts;
  if (!name || parts.length > 3 || !SCHEMES.includes(scheme!)) return undefined;
  return { secure: scheme === "https", name, port };
}

export function podTarget(world: World, namespace: string, text: string): Upstream {
  const wanted = parseTarget(text);
  if (!wanted) throw badRequest(`invalid pod request ${JSON.stringify(text)}`);
  const pod = world.get(podKind, `${namespace}/${wanted.name}`);
  if (!pod) throw notFound({ group: "", resource: "pods" }, wanted.name);
  const host = pod.status?.podIPs?.[0]?.ip;
  if (!host || isLocal(host)) throw badRequest("address not allowed");
  const declared = (pod.spec?.containers ?? []).flatMap(({ ports = [] }) => ports)[0]?.containerPort;
  const port = wanted.port ? Number(wanted.port) : (declared ?? (wanted.secure ? 443 : 80));
  return upstreamAt(host, port, wanted);
}

export function serviceTarget(world: World, namespace: string, text: string): Upstream {
  const wanted = parseTarget(text);
  if (!wanted) throw badRequest(`invalid service request ${JSON.stringify(text)}`);
  const { name } = wanted;
  const portName = portNameOf(world, namespace, wanted);
  if (!world.get(serviceKind, `${namespace}/${name}`)) throw notFound(ENDPOINTS, name);
  const slices = world
    .list(sliceKind, namespace)
    .filter(({ metadata }) => metadata?.labels?.["kubernetes.io/service-name"] === name);
  const addresses = slices.flatMap((slice) => {
    const [endpoints, ports] = [slice.endpoints ?? [], slice.ports ?? []]; // null when empty, as Go writes them
    const port = ports.find((one) => (one.name ?? "") === portName)?.port;
    const ready = endpoints.filter(({ conditions }) => conditions?.ready !== false);
    const hosts = ready.flatMap((endpoint) => addressesOfPod(world, namespace, endpoint));
    return port ? hosts.map((host) => ({ host, port })) : [];
  });
  const chosen = addresses[Math.floor(Math.random() * addresses.length)];
  if (!chosen) throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(text)}`);
  return upstreamAt(chosen.host, chosen.port, wanted);
}

/** Only pods are reached this way: whoever may write endpoints must not make us knock anywhere else. */
function addressesOfPod(world: World, namespace: string, { addresses, targetRef }: Endpoint): string[] {
  const isNamed = targetRef?.name && targetRef.namespace === namespace;
  const pod = isNamed && world.get(podKind, `${namespace}/${targetRef.name}`);
  const own = new Set((pod ? pod.status?.podIPs : undefined)?.map(({ ip }) => ip));
  return addresses.filter((address) => own.has(address));
}

/** A port may be named or numbered; endpoints know names. */
function portNameOf(world: World, namespace: string, { name, port }: Wanted): string {
  if (!/^\d+$/.test(port)) return port;
  const service = world.get(serviceKind, `${namespace}/${name}`);
  if (!service) throw notFound({ group: "", resource: "services" }, name);
  const found = service.spec?.ports?.find((one) => one.port === Number(port));
  if (!found) throw serviceUnavailable(`no service port ${port} found for service ${JSON.stringify(name)}`);
  return found.name ?? "";
}

export function nodeTarget(nodes: NodeConnections, text: string): Upstream {
  const wanted = parseTarget(text);
  if (!wanted) throw badRequest(`invalid node request ${JSON.stringify(text)}`);
  const agent = nodes.addressOf(wanted.name);
  if (isLocal(agent.host)) throw badRequest("address not allowed");
  const port = wanted.port ? Number(wanted.port) : agent.port;
  if (!(port > 0 && port < 65536)) throw internalError(new Error(`invalid port ${wanted.port}`));
  return port === agent.port ? nodes.upstream(agent) : upstreamAt(agent.host, port, wanted);
}

function upstreamAt(host: string, port: number, { secure }: Wanted): Upstream {
  return new Http1Upstream({ host, port, ...(secure && { tls: UNCHECKED }) });
}

/** What is no address of one machine among others: nobody's request goes there. */
function isLocal(address: string): boolean {
  return /^(127\.|169\.254\.|0\.|22[4-9]\.|23\d\.|255\.|::1?$|fe[89ab]|ff|localhost$)/i.test(address);
}
