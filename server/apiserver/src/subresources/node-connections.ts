/**
 * How a node's agent is reached: where it is, and as whom. Requests go over HTTPS with this server's own client certificate; whoever asked for
 * them was authorized here, and the agent trusts us for it.
 */

import { Agent, request as httpsRequest } from "node:https";
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { connect, type TLSSocket } from "node:tls";
import { once } from "node:events";
import { node as nodeKind } from "@knarr/kinds/core/node.ts";
import type { Node } from "@knarr/kinds/generated/core-v1.ts";
import { ApiError, notFound } from "@knarr/machinery/status.ts";
import type { World } from "../admission/plugin.ts";
import type { KubeletClientOptions } from "../options.ts";

export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/** Which address of a node others use, the best first. */
const PREFERRED = ["InternalIP", "Hostname", "InternalDNS", "ExternalDNS", "ExternalIP"];
const DEFAULT_PORT = 10250;
const DIAL_MS = 10_000;

export class NodeConnections implements Disposable {
  readonly #world: World;
  readonly #options: KubeletClientOptions | undefined;
  readonly #agent: Agent;

  constructor(world: World, options: KubeletClientOptions | undefined) {
    this.#world = world;
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, ...this.#tls() });
  }

  /** Throws ApiError NotFound for a node there is none of, and InternalError for one without address. */
  addressOf(name: string): NodeAddress {
    const node = this.#world.get(nodeKind, name);
    if (!node) throw notFound({ group: "", resource: "nodes" }, name);
    const host = hostOf(node);
    if (!host) throw noAddress(name);
    const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port || this.#options?.port || DEFAULT_PORT;
    return { host, port };
  }

  /** One request; resolves with the head of the answer. */
  request(
    address: NodeAddress,
    path: string,
    options: {
      readonly method?: string;
      readonly headers?: OutgoingHttpHeaders;
      readonly body?: Buffer;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<IncomingMessage> {
    const { method = "GET", headers = {}, body, signal } = options;
    return new Promise((resolve, reject) => {
      const outgoing = httpsRequest({
        ...address,
        path,
        method,
        headers,
        agent: this.#agent,
        ...(signal && { signal }),
      });
      outgoing.once("response", resolve);
      outgoing.once("error", (err) => reject(signal?.aborted ? err : dialError(address, err)));
      outgoing.end(body);
    });
  }

  /** A connection of its own, for protocols that follow an upgrade. */
  async connect(address: NodeAddress): Promise<TLSSocket> {
    const socket = connect({ ...address, ...this.#tls(), ALPNProtocols: ["http/1.1"] });
    socket.setTimeout(DIAL_MS, () => socket.destroy(new Error("i/o timeout")));
    try {
      await once(socket, "secureConnect");
    } catch (err) {
      throw dialError(address, err as Error);
    }
    socket.setTimeout(0);
    socket.setNoDelay(true);
    return socket;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  #tls(): object {
    const { certificate, key, ca } = this.#options ?? {};
    return {
      ...(certificate && { cert: certificate, key }),
      ...(ca ? { ca } : { rejectUnauthorized: false }),
    };
  }
}

function hostOf(node: Node): string | undefined {
  const addresses = node.status?.addresses ?? [];
  for (const type of PREFERRED) {
    const found = addresses.find((address) => address.type === type);
    if (found) return found.address;
  }
  return undefined;
}

function noAddress(name: string): ApiError {
  const message = `no preferred addresses found; known addresses: []`;
  return new ApiError("InternalError", `Internal error occurred: ${message}`, {
    causes: [{ message: `${message} (node ${name})` }],
  });
}

function dialError({ host, port }: NodeAddress, err: Error): ApiError {
  const message = `error dialing backend: dial tcp ${host}:${port}: ${err.message}`;
  return new ApiError("InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] });
}
