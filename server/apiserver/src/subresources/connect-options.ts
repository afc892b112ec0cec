/**
 * What a connection is asked for with: the query of exec, attach, port-forward and proxy as the object that upstream shows to admission. A
 * plugin may change it, and what it became is what is done.
 */

import { quote } from "@knarr/machinery/quote.ts";
import { badRequest } from "@knarr/machinery/status.ts";
import { admissionRequest } from "../writes/admission-request.ts";
import { writeOf } from "../writes/write.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import type { Parts } from "../pipeline/parts.ts";
import type { Served } from "../registry/served.ts";

/** Options of exec and attach. */
export interface StreamOptions {
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  readonly tty?: boolean;
  readonly container?: string;
  readonly command?: readonly string[] | null;
}

export interface PortForwardOptions {
  readonly ports?: readonly number[];
}

export interface ProxyOptions {
  readonly path?: string;
}

type Make = (request: ApiRequest) => object;

/** `plural/subresource` → the kind of its options, and how they are read. */
const connections: Readonly<Record<string, { readonly kind: string; readonly make: Make }>> = {
  "pods/exec": {
    kind: "PodExecOptions",
    make: ({ query }) => ({ ...streams(query), command: commandIn(query) }),
  },
  "pods/attach": { kind: "PodAttachOptions", make: ({ query }) => streams(query) },
  "pods/portforward": { kind: "PodPortForwardOptions", make: ({ query }) => ports(query) },
  "pods/proxy": { kind: "PodProxyOptions", make: proxyPath },
  "services/proxy": { kind: "ServiceProxyOptions", make: proxyPath },
  "nodes/proxy": { kind: "NodeProxyOptions", make: proxyPath },
};

/** The options, admitted. Throws ApiError when admission refuses: nothing has been connected by then. */
export async function admittedConnection<T>(parts: Parts, request: ApiRequest, served: Served): Promise<T> {
  const { kind, make } = connections[`${request.resource}/${request.subresource}`]!;
  if (request.query.has("dryRun")) throw badRequest("dryRun is not supported");
  const options: object = { kind, apiVersion: "v1", ...make(request) };
  const admission = admissionRequest(writeOf(parts, request, served, NO_OPTIONS), "CONNECT", {
    kind: { group: "", version: "v1", kind },
  });
  await parts.admission.mutate(options as never, admission);
  await parts.admission.validate(options as never, admission);
  return options as T;
}

const NO_OPTIONS = { dryRun: false, fieldManager: "", fieldValidation: "Ignore", force: false } as const;

function streams(query: URLSearchParams): StreamOptions {
  const container = query.get("container");
  return {
    ...(isSet(query, "stdin") && { stdin: true }),
    ...(isSet(query, "stdout") && { stdout: true }),
    ...(isSet(query, "stderr") && { stderr: true }),
    ...(isSet(query, "tty") && { tty: true }),
    ...(container && { container }),
  };
}

function commandIn(query: URLSearchParams): readonly string[] | null {
  const command = query.getAll("command");
  return command.length > 0 ? command : null;
}

function ports(query: URLSearchParams): PortForwardOptions {
  const ports = query.getAll("ports").flatMap((text) => text.split(","));
  return ports.length > 0 ? { ports: ports.map(portOf) } : {};
}

function portOf(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${quote(text)}: invalid syntax`);
  return Number(text);
}

function proxyPath({ route }: ApiRequest): ProxyOptions {
  return route.rest ? { path: route.rest } : {};
}

/** As upstream reads booleans in queries. */
function isSet(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== "false" && value !== "0";
}
