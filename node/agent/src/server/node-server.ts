/**
 * The node's HTTPS server (port 10250): what the API server asks for logs, exec, attach and port-forward, and what monitoring asks for figures.
 * Everything needs to be somebody, and to be allowed to (access.ts).
 *
 *     /healthz  /pods  /runningpods/  /metrics/resource  /stats/summary
 *     /containerLogs/{namespace}/{pod}/{container}      over HTTP or a WebSocket
 *     /exec, /attach, /run: /{namespace}/{pod}[/{uid}]/{container}      /portForward/{namespace}/{pod}[/{uid}]
 */

import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Transport } from "@knarr/client/transport.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { Figures } from "../stats/figures.ts";
import type { RuntimeAccess } from "../runtime-access.ts";
import { questionOf, userOf } from "./access.ts";
import { HttpFailure, refuseUpgrade, writeFailure } from "./answer.ts";
import { serveLogs, serveLogSocket } from "./container-logs.ts";
import {
  refOf,
  runningContainer,
  serveAttach,
  serveExec,
  serveForward,
  type ContainerTarget,
} from "./remote.ts";
import { Reviews } from "./reviews.ts";

export interface NodeServerOptions {
  readonly nodeName: string;
  /** 0 for any. */
  readonly port: number;
  /** Default: all addresses. */
  readonly address?: string;
  /** The node's serving certificate and its key, PEM. */
  readonly certificate: TlsCertificate;
  /** PEM of the CA whose client certificates are believed. */
  readonly clientCa: string;
  /** For reviews of tokens and access. */
  readonly transport: Transport;
  readonly runtime: RuntimeAccess;
  /** The pods of this node, with their newest status. */
  pods(): readonly Pod[];
  readonly figures: Pick<Figures, "resource" | "summary">;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface TlsCertificate {
  readonly certificate: string;
  readonly key: string;
}

export class NodeServer implements AsyncDisposable {
  readonly #options: NodeServerOptions;
  readonly #reviews: Reviews;
  readonly #server: Server;
  readonly #upgraded = new Set<Duplex>();

  private constructor(options: NodeServerOptions) {
    this.#options = options;
    this.#reviews = new Reviews(options.transport, options.clock);
    const { certificate, key } = options.certificate;
    this.#server = createServer({
      cert: certificate,
      key,
      ca: options.clientCa,
      requestCert: true,
      rejectUnauthorized: false, // a token does as well; who has neither is refused by us
      minVersion: "TLSv1.2",
    });
    this.#server.on("request", (request, response) => void this.#onRequest(request, response));
    this.#server.on("upgrade", (request, socket, head) => void this.#onUpgrade(request, socket, head));
    this.#server.on("tlsClientError", () => {}); // a client that could not shake hands has been told
  }

  static async start(options: NodeServerOptions): Promise<NodeServer> {
    const server = new NodeServer(options);
    server.#server.listen(options.port, options.address);
    await once(server.#server, "listening");
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** A renewed certificate, for connections from now on. */
  useCertificate({ certificate, key }: TlsCertificate): void {
    this.#server.setSecureContext({ cert: certificate, key, ca: this.#options.clientCa });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    for (const socket of this.#upgraded) socket.destroy();
    await closed;
  }

  /** Never rejects: whatever goes wrong is answered. */
  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = urlOf(request);
      await this.#admit(request, url.pathname);
      await this.#handle(request, url, response);
    } catch (err) {
      writeFailure(response, this.#failureOf(err, request));
    }
  }

  async #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    this.#upgraded.add(socket);
    socket.on("close", () => this.#upgraded.delete(socket));
    socket.on("error", () => {}); // the client is gone, which the streams over it see
    try {
      const { pathname, searchParams: query } = urlOf(request);
      await this.#admit(request, pathname);
      const [, verb = "", ...names] = pathname.split("/").map(decodeURIComponent);
      const upgrade = { request, socket, head, query };
      const { runtime, clock } = this.#options;
      if (verb === "containerLogs")
        return await serveLogSocket(upgrade, { ...this.#containerOf(names), query }, { runtime, clock });
      if (verb === "portForward") return await serveForward(upgrade, this.#podOf(names), runtime);
      const serve = { exec: serveExec, attach: serveAttach }[verb];
      if (!serve) throw new HttpFailure(404, "404 page not found");
      await serve(upgrade, this.#containerOf(names), runtime);
    } catch (err) {
      if (socket.writable) refuseUpgrade(socket, this.#failureOf(err, request));
    }
  }

  async #admit(request: IncomingMessage, path: string): Promise<void> {
    const user = await userOf(request, this.#reviews);
    if (!user) throw new HttpFailure(401, "Unauthorized");
    const { verb, subresources } = questionOf(request.method ?? "", path);
    const { nodeName } = this.#options;
    for (const subresource of subresources)
      if (await this.#reviews.isAllowed(user, { verb, subresource, nodeName })) return;
    throw new HttpFailure(
      403,
      `Forbidden (user=${user.username}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(" ")}])`,
    );
  }

  async #handle(request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> {
    const { runtime, clock, pods, figures } = this.#options;
    const [, root = "", ...names] = url.pathname.split("/").map(decodeURIComponent);
    switch (root) {
      case "healthz":
        return write(response, "text/plain; charset=utf-8", "ok");
      case "pods":
        return write(response, "application/json", podList(pods()));
      case "runningpods":
        return write(response, "application/json", podList(pods().filter((pod) => this.#runs(pod))));
      case "metrics":
        if (names[0] !== "resource") break;
        return write(response, "text/plain; version=0.0.4; charset=utf-8", await figures.resource());
      case "stats":
        if (names[0] !== "summary") break;
        return write(response, "application/json", JSON.stringify(await figures.summary()));
      case "containerLogs": {
        const target = this.#containerOf(names);
        return await serveLogs({ ...target, query: url.searchParams }, response, { runtime, clock });
      }
      case "run":
        return await this.#run(request, url, this.#containerOf(names), response);
      case "exec":
      case "attach":
      case "portForward":
        throw new HttpFailure(400, "Upgrade request required");
    }
    throw new HttpFailure(404, "404 page not found");
  }

  /** The old way to run something: no streams, `cmd` split at blanks, the output as the answer. */
  async #run(
    request: IncomingMessage,
    url: URL,
    target: ContainerTarget,
    response: ServerResponse,
  ): Promise<void> {
    if (request.method !== "POST") throw new HttpFailure(405, "405: Method Not Allowed");
    const command = (url.searchParams.get("cmd") ?? "").split(" ");
    const { runtime } = this.#options;
    const { id } = runningContainer(target, runtime);
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    const { exitCode, stdout, stderr } = await runtime.execSync(id, command, RUN_TIMEOUT_MS, gone.signal);
    if (exitCode !== 0)
      throw new HttpFailure(
        500,
        `command '${command.join(" ")}' exited with ${exitCode}: ${stderr.toString()}`,
      );
    write(response, "application/json", Buffer.concat([stdout, stderr]));
  }

  #runs(pod: Pod): boolean {
    return (pod.spec?.containers ?? []).some(
      ({ name }) => this.#options.runtime.container(refOf(pod), name)?.state === "running",
    );
  }

  /** `{namespace}/{pod}[/{uid}]` */
  #podOf([namespace, name, uid]: readonly string[]): Pod {
    const pod = this.#options
      .pods()
      .find(({ metadata }) => metadata?.namespace === namespace && metadata?.name === name);
    if (!pod || (uid && pod.metadata?.uid !== uid))
      throw new HttpFailure(404, `pod "${name}" does not exist`);
    return pod;
  }

  /** `{namespace}/{pod}[/{uid}]/{container}` */
  #containerOf(names: readonly string[]): ContainerTarget {
    if (names.length < 3 || names.length > 4) throw new HttpFailure(404, "404 page not found");
    const pod = this.#podOf(names.slice(0, -1));
    const container = names.at(-1)!;
    const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
    const isThere = [...containers, ...initContainers, ...ephemeralContainers].some(
      ({ name }) => name === container,
    );
    if (!isThere)
      throw new HttpFailure(404, `container "${container}" not found in pod "${pod.metadata?.name}"`);
    return { pod, container };
  }

  #failureOf(err: unknown, { method, url }: IncomingMessage): HttpFailure {
    if (err instanceof HttpFailure) return err;
    if (err instanceof URIError) return new HttpFailure(400, err.message, { cause: err });
    this.#options.log.error("Request to the node failed", { method, url, err });
    return new HttpFailure(500, (err as Error).message, { cause: err });
  }
}

const RUN_TIMEOUT_MS = 120_000;

function urlOf(request: IncomingMessage): URL {
  return new URL(request.url ?? "/", "https://node");
}

function podList(items: readonly Pod[]): string {
  return JSON.stringify({ kind: "PodList", apiVersion: "v1", metadata: {}, items });
}

function write(response: ServerResponse, contentType: string, body: string | Buffer): void {
  response.writeHead(200, { "content-type": contentType });
  response.end(body);
}
