/**
 * A server to be hurt, over real sockets: HTTP/2, and HTTP/1.1 written by hand, for requests that no client would send. Everything that it logs
 * as an error is kept.
 */

import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type ClientHttp2Session } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { createApiServer, type ApiServer } from "@knarr/apiserver/server.ts";
import { CertificateFolder, type KeyPair } from "@knarr/distro/pki/certificates.ts";
import type { Fields, Logger } from "@knarr/std/log.ts";
import type { Store } from "@knarr/store/store.ts";
import type { FuzzRequest } from "./requests.ts";

export interface Reply {
  /** 0 when the connection ended without an answer. */
  readonly code: number;
  readonly text: string;
}

/** Nothing that is asked for here may take longer: what does has no answer. */
const PATIENCE_MS = 15_000;
/** How much of an answer that goes on is waited for. */
const GLIMPSE_MS = 20;

export class Target implements AsyncDisposable {
  readonly errors: { readonly message: string; readonly fields: Fields }[];
  readonly #server: ApiServer;
  readonly #ca: string;
  readonly #client: KeyPair;
  readonly #stack: AsyncDisposableStack;
  #session: ClientHttp2Session | undefined;

  private constructor(
    parts: { server: ApiServer; ca: string; client: KeyPair; errors: Target["errors"] },
    stack: AsyncDisposableStack,
  ) {
    this.#server = parts.server;
    this.#ca = parts.ca;
    this.#client = parts.client;
    this.errors = parts.errors;
    this.#stack = stack;
  }

  /** The store stays the caller's. */
  static async start(store: Store): Promise<Target> {
    await using stack = new AsyncDisposableStack();
    const folder = mkdtempSync(join(tmpdir(), "knarr-fuzz-"));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    const certificates = new CertificateFolder(folder);
    const authority = await certificates.authority("ca", "fuzz-ca");
    const own = { commonName: "kube-apiserver", use: "server", addresses: ["127.0.0.1"] } as const;
    const { cert: certificate, key } = await certificates.leaf("apiserver", authority, own);
    const errors: Target["errors"] = [];
    const listen = { host: "127.0.0.1", port: 0, certificate, key, clientCa: authority.cert };
    const options = { store, listen, log: keeping(errors), runtimeConfig: { "api/all": true } };
    const server = stack.use(await createApiServer(options));
    const admin = { commonName: "admin", organizations: ["system:masters"], use: "client" } as const;
    const client = await certificates.leaf("admin", authority, admin);
    return new Target({ server, ca: authority.cert, client, errors }, stack.move());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#session?.destroy();
    await this.#stack.disposeAsync();
  }

  /** Throws when there is no answer in time. */
  async send(request: FuzzRequest): Promise<Reply> {
    const { method, path, headers } = request;
    const isOrdinary = /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/.test(method) && !("upgrade" in headers);
    const reply = isOrdinary ? this.#sendHttp2(request) : this.#sendByHand(request);
    const late = AbortSignal.timeout(PATIENCE_MS);
    const none = once(late, "abort").then(() => {
      throw new Error(`${method} ${path} was not answered`);
    });
    return Promise.race([reply, none]);
  }

  async #sendHttp2({ method, path, headers, body }: FuzzRequest): Promise<Reply> {
    const stream = this.#connected().request(
      { ...headers, ":method": method, ":path": path },
      { endStream: !body },
    );
    const ended = new Promise<void>((resolve) => stream.once("close", resolve));
    stream.on("error", () => {}); // then there is no answer, which is said below
    let code = 0;
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => void chunks.push(chunk));
    stream.once("response", (answer) => {
      code = Number(answer[":status"]);
      // Watches go on; a glimpse is enough.
      if (goesOn(path)) setTimeout(() => stream.close(8), GLIMPSE_MS).unref();
    });
    if (body) stream.end(body);
    await ended;
    return { code, text: Buffer.concat(chunks).toString() };
  }

  /** One session for many streams, as clients have it; when the server ended it, another. */
  #connected(): ClientHttp2Session {
    if (!this.#session || this.#session.closed || this.#session.destroyed) {
      const { cert, key } = this.#client;
      this.#session = connect(`https://127.0.0.1:${this.#port}`, { ca: this.#ca, cert, key });
      this.#session.on("error", () => {}); // its streams say it
    }
    return this.#session;
  }

  get #port(): number {
    return this.#server.address!.port;
  }

  async #sendByHand({ method, path, headers, body }: FuzzRequest): Promise<Reply> {
    const { cert, key } = this.#client;
    const socket = connectTls({ host: "127.0.0.1", port: this.#port, ca: this.#ca, cert, key });
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.on("error", () => {}); // as above
    const all = {
      host: "127.0.0.1",
      connection: "close",
      ...headers,
      ...(body && { "content-length": String(body.length) }),
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`, "latin1"));
    if (body) socket.write(body);
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      if (chunk.includes("101 Switching") || goesOn(path) || isWhole(Buffer.concat(chunks), method))
        socket.destroy();
    });
    await closed;
    const text = Buffer.concat(chunks).toString();
    return {
      code: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0),
      text: text.slice(text.indexOf("\r\n\r\n") + 4),
    };
  }
}

/** Whether an HTTP/1.1 answer that says its length is there: the connection may be kept for more. */
function isWhole(answer: Buffer, method: string): boolean {
  const end = answer.indexOf("\r\n\r\n");
  const length = /^content-length: (\d+)/im.exec(
    answer.subarray(0, Math.max(end, 0)).toString("latin1"),
  )?.[1];
  return (
    end >= 0 && (method === "HEAD" || (length !== undefined && answer.length >= end + 4 + Number(length)))
  );
}

/** Watches and followed logs. */
function goesOn(path: string): boolean {
  return /[?&](watch|follow)=|\/watch\//.test(path);
}

function keeping(errors: Target["errors"]): Logger {
  const log: Logger = {
    error: (message, fields = {}) => void errors.push({ message, fields }),
    info() {},
    debug() {},
    with: () => log,
  };
  return log;
}
