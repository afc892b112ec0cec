/**
 * Where a proxied request goes: `[https:]name[:port]` of a pod, a service or a node, as a host and a port.
 */

import { endpointSlice as sliceKind } from "@knarr/kinds/discovery/endpoint-slice.ts";
import { service as serviceKind } from "@knarr/kinds/core/service.ts";
import { pod as podKind } from "@knarr/kinds/core/pod.ts";
import { badRequest, internalError, notFound, serviceUnavailable } from "@knarr/machinery/status.ts";
import type { World } from "../admission/plugin.ts";
import type { NodeAddress, NodeConnections } from "./node-connections.ts";

export interface ProxyTarget extends NodeAddress {
  readonly secure: boolean;
  /** Reached with this server's own certificate. */
  readonly isAgent: boolean;
}

interface Wanted {
  readonly secure: boolean;
  readonly name: string;
  readonly port: string;
}

/** Undefined for what is no such name. */
export function parseTarget(text: string): Wanted | undefined {
  const parts = text.split(":");
  const [first = "", second = "", third = ""] = parts;
  if (parts.length === 1) return { secure: false, name: first, port: "" };
  if (parts.length === 2) return { secure: false, name: first, port: second };
  if (parts.length !== 3 || (first !== "http" && first !== "https" && first !== "")) return undefined;
  return { secure: first === "https", name: second, port: third };
}

export function podTarget(world: World, namespace: string, text: string): ProxyTarget {
  const wanted = parseTarget(text);
  if (!wanted) throw badRequest(`invalid pod request ${JSON.stringify(text)}`);
  const pod = world.get(podKind, `${namespace}/${wanted.name}`);
  if (!pod) throw notFound({ group: "", resource: "pods" }, wanted.name);
  const host = pod.status?.podIPs?.[0]?.ip;
  if (!host || isLocal(host)) throw badRequest("address not allowed");
  const declared = (pod.spec?.containers ?? []).flatMap(({ ports = [] }) => ports)[0]?.containerPort;
  const port = wanted.port ? Number(wanted.port) : (declared ?? (wanted.secure ? 443 : 80));
  return { host, port, secure: wanted.secure, isAgent: false };
}

export function serviceTarget(world: World, namespace: string, text: string): ProxyTarget {
  const wanted = parseTarget(text);
  if (!wanted) throw badRequest(`invalid service request ${JSON.stringify(text)}`);
  const { name } = wanted;
  const service = world.get(serviceKind, `${namespace}/${name}`);
  const portName = portNameOf(wanted, service?.spec?.ports ?? []);
  if (!service) throw notFound({ group: "", resource: "services" }, name);
  const slices = world
    .list(sliceKind, namespace)
    .filter(({ metadata }) => metadata?.labels?.["kubernetes.io/service-name"] === name);
  const addresses = slices.flatMap(({ ports = [], endpoints = [] }) => {
    const port = ports.find((one) => (one.name ?? "") === portName)?.port;
    const ready = endpoints.filter(({ conditions }) => conditions?.ready !== false);
    return port ? ready.flatMap((endpoint) => endpoint.addresses.map((host) => ({ host, port }))) : [];
  });
  const chosen = addresses[Math.floor(Math.random() * addresses.length)];
  if (!chosen) throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(text)}`);
  if (isLocal(chosen.host)) throw badRequest("address not allowed");
  return { ...chosen, secure: wanted.secure, isAgent: false };
}

/** A port may be named or numbered; endpoints know names. */
function portNameOf(
  { name, port }: Wanted,
  ports: readonly { readonly name?: string; readonly port?: number }[],
): string {
  if (!/^\d+$/.test(port)) return port;
  const found = ports.find((one) => one.port === Number(port));
  if (!found) throw serviceUnavailable(`no service port ${port} found for service ${JSON.stringify(name)}`);
  return found.name ?? "";
}

export function nodeTarget(nodes: NodeConnections, text: string): ProxyTarget {
  const wanted = parseTarget(text);
  if (!wanted) throw badRequest(`invalid node request ${JSON.stringify(text)}`);
  const agent = nodes.addressOf(wanted.name);
  const port = wanted.port ? Number(wanted.port) : agent.port;
  if (!(port > 0 && port < 65536)) throw internalError(new Error(`invalid port ${wanted.port}`));
  const isAgent = port === agent.port;
  return { host: agent.host, port, secure: wanted.secure || isAgent, isAgent };
}

/** What only this machine can mean by it: nobody else's request goes there. */
function isLocal(address: string): boolean {
  return /^(127\.|169\.254\.|0\.|::1$|fe80:)/i.test(address);
}
