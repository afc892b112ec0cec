/**
 * `healthCheckNodePort`: load balancers ask each node over HTTP whether it has endpoints of a Service whose
 * externalTrafficPolicy is Local. 200 with, 503 without; the body is kube-proxy's.
 */

import type { Server } from "node:http";
import { createServer } from "@knarr/std/http.ts";
import type { Logger } from "@knarr/std/log.ts";

export class HealthChecks implements AsyncDisposable {
  readonly #servers = new Map<string, { port: number; server: Server; endpoints: number }>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** `port` 0: this Service has none (any more). `key` is `namespace/name`. */
  set(key: string, port: number, endpoints: number): void {
    const known = this.#servers.get(key);
    if (known && known.port === port) {
      known.endpoints = endpoints;
      return;
    }
    known?.server.close();
    this.#servers.delete(key);
    if (port === 0) return;

    const [namespace, name] = key.split("/");
    const server = createServer((_request, response) => {
      const { endpoints: count } = this.#servers.get(key) ?? { endpoints: 0 };
      response.writeHead(count > 0 ? 200 : 503, {
        "content-type": "application/json",
        "x-content-type-options": "nosniff",
      });
      response.end(
        JSON.stringify({ service: { namespace, name }, localEndpoints: count, serviceProxyHealthy: true }),
      );
    });
    server.on("error", (err) =>
      this.#log.error("Health check port could not be opened", { service: key, port, err }),
    );
    server.listen(port);
    this.#servers.set(key, { port, server, endpoints });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { server } of this.#servers.values()) {
      server.closeAllConnections();
      server.close();
    }
    this.#servers.clear();
  }
}
