/**
 * pods/exec, pods/attach and pods/portforward: the connection is handed through to the node's agent, which speaks WebSocket and SPDY with
 * the client itself. What is decided here is who may, which pod and container is meant, and on which node it is.
 */

import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { badRequest } from "@knarr/machinery/status.ts";
import type { Handler } from "../handlers/handler.ts";
import { authorizeOrRefuse } from "../pipeline/authorize.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import { withVerb } from "../request.ts";
import type { Parts } from "../pipeline/parts.ts";
import { admittedConnection, type PortForwardOptions, type StreamOptions } from "./connect-options.ts";
import type { UpgradeAnswer } from "../pipeline/answer.ts";
import { failDialling } from "../proxying/failures.ts";
import { passedOn } from "../proxying/headers.ts";
import { relayUpgrade } from "../proxying/relay-upgrade.ts";
import type { Upstream } from "../proxying/upstream.ts";
import type { NodeConnections } from "./node-connections.ts";
import { containerOf, podOf } from "./pod-container.ts";

type Action = "exec" | "attach" | "portforward";

/** Names of the agent's query parameters by ours. */
const STREAMS = [
  ["stdin", "input"],
  ["stdout", "output"],
  ["stderr", "error"],
  ["tty", "tty"],
] as const;

export function podStreams(action: Action, nodes: NodeConnections): Handler {
  return async (parts, request, served) => {
    await mayCreate(parts, request);
    const options = await admittedConnection<StreamOptions & PortForwardOptions>(parts, request, served);
    const pod = podOf(parts, request);
    const path = agentPath(action, pod, request, options);
    const nodeName = pod.spec?.nodeName;
    if (!nodeName) throw badRequest(`pod ${request.name} does not have a host assigned`);
    const address = nodes.addressOf(nodeName);
    return upgradeOnNode(request, nodes.upstream(address), path);
  };
}

/** The connection becomes one with the node's agent. */
export function upgradeOnNode(request: ApiRequest, upstream: Upstream, path: string): UpgradeAnswer {
  const headers = { ...passedOn(request), host: upstream.authority };
  const { method } = request;
  return {
    upgrade: (connection) =>
      relayUpgrade({ connection, upstream, method, path, headers, fail: failDialling }),
  };
}

/** A WebSocket is opened with GET, but who may only read must not run commands (KEP-4006). */
async function mayCreate({ authorization }: Parts, request: ApiRequest): Promise<void> {
  if (request.verb !== "get") return;
  await authorizeOrRefuse(authorization, withVerb(request, "create"));
}

function agentPath(
  action: Action,
  pod: Pod,
  { namespace, name }: ApiRequest,
  options: StreamOptions & PortForwardOptions,
): string {
  const parameters = new URLSearchParams();
  if (action === "portforward") {
    if (options.ports) parameters.set("port", options.ports.join(","));
    return withQuery(`/portForward/${namespace}/${name}`, parameters);
  }
  const container = containerOf(pod, options.container ?? "");
  for (const [here, there] of STREAMS) if (options[here]) parameters.set(there, "1");
  if (action === "exec") for (const word of options.command ?? []) parameters.append("command", word);
  return withQuery(`/${action}/${namespace}/${name}/${container}`, parameters);
}

function withQuery(path: string, parameters: URLSearchParams): string {
  return parameters.size > 0 ? `${path}?${parameters}` : path;
}
