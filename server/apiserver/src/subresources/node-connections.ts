/**
 * How a node's agent is reached: where it is, and as whom. Requests go over HTTPS with this server's own client certificate; whoever asked for
 * them was authorized here, and the agent trusts us for it.
 */

import { Agent } from "node:https";
import type { ConnectionOptions } from "node:tls";
import { node as nodeKind } from "@knarr/kinds/core/node.ts";
import type { Node } from "@knarr/kinds/generated/core-v1.ts";
import { notFound, plain500 } from "@knarr/machinery/status.ts";
import type { World } from "../admission/plugin.ts";
import type { KubeletClientOptions } from "../options.ts";
import { Http1Upstream } from "../proxying/http1-upstream.ts";
import type { Upstream } from "../proxying/upstream.ts";

export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/** Which address of a node others use, the best first. */
const PREFERRED = ["InternalIP", "Hostname", "InternalDNS", "ExternalDNS", "ExternalIP"];
const DEFAULT_PORT = 10250;

export class NodeConnections implements Disposable {
  readonly #world: World;
  readonly #options: KubeletClientOptions | undefined;
  readonly #tls: ConnectionOptions;
  readonly #agent: Agent;

  constructor(world: World, options: KubeletClientOptions | undefined) {
    this.#world = world;
    this.#options = options;
    this.#tls = tlsOf(options);
    this.#agent = new Agent({ keepAlive: true, ...this.#tls });
  }

  /** Throws ApiError NotFound for a node there is none of, and a plain 500 for one without address. */
  addressOf(name: string): NodeAddress {
    const node = this.#world.get(nodeKind, name);
    if (!node) throw notFound({ group: "", resource: "nodes" }, name);
    const host = hostOf(node);
    if (!host) throw plain500("no preferred addresses found; known addresses: []");
    const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port || this.#options?.port || DEFAULT_PORT;
    return { host, port };
  }

  /** The agent at `address`. Connections to it are kept. */
  upstream({ host, port }: NodeAddress): Upstream {
    return new Http1Upstream({ host, port, tls: this.#tls, agent: this.#agent });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

function tlsOf({ certificate, key, ca }: Partial<KubeletClientOptions> = {}): ConnectionOptions {
  return {
    ...(certificate && { cert: certificate, key }),
    ...(ca ? { ca } : { rejectUnauthorized: false }),
  };
}

function hostOf(node: Node): string | undefined {
  const addresses = node.status?.addresses ?? [];
  for (const type of PREFERRED) {
    const found = addresses.find((address) => address.type === type);
    if (found) return found.address;
  }
  return undefined;
}
