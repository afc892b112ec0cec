/**
 * A server to be hurt, in a process of its own, over real sockets: HTTP/2, and HTTP/1.1 written by hand, for requests that no client would send.
 * It is asked how it is over a channel that requests cannot reach.
 */

import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type ClientHttp2Session } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { gunzipSync } from "node:zlib";
import { CertificateFolder, type KeyPair } from "@knarr/distro/pki/certificates.ts";
import { isByHand, sendByHand } from "./http1-by-hand.ts";
import { goesOn, type FuzzRequest } from "./requests.ts";
import type { Condition, Question } from "./server.ts";

export interface Reply {
  /** 0 when the connection ended without an answer. */
  readonly code: number;
  /** Unpacked. */
  readonly text: string;
  readonly bytes: Buffer;
  readonly isCompressed?: boolean;
}

/** Nothing that is asked for here may take longer: what does has no answer. */
const PATIENCE_MS = 15_000;
/** How much of an answer that goes on is waited for. */
const GLIMPSE_MS = 20;

export class Target implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "knarr-fuzz-"));
  #port = 0;
  #ca = "";
  #client: KeyPair = { cert: "", key: "" } as KeyPair;
  #process: ChildProcess | undefined;
  #said = "";
  #session: ClientHttp2Session | undefined;

  private constructor() {}

  static async start(): Promise<Target> {
    const target = new Target();
    const certificates = new CertificateFolder(join(target.folder, "pki"));
    const authority = await certificates.authority("ca", "fuzz-ca");
    const admin = { commonName: "admin", organizations: ["system:masters"], use: "client" } as const;
    target.#client = await certificates.leaf("admin", authority, admin);
    target.#ca = authority.cert;
    await target.#run();
    return target;
  }

  async #run(): Promise<void> {
    const execArgv = ["--expose-gc"];
    const options = { execArgv, stdio: ["ignore", "ignore", "pipe", "ipc"] as const };
    const child = (this.#process = fork(join(import.meta.dirname, "server.ts"), [this.folder], {
      ...options,
      stdio: [...options.stdio],
    }));
    this.#said = "";
    child.stderr!.on("data", (chunk: Buffer) => (this.#said = (this.#said + chunk.toString()).slice(-4000)));
    const { port } = await this.#word();
    this.#port = port;
  }

  /** What the server says next to its parent. Throws with its last words when it ends instead. */
  async #word(): Promise<any> {
    const child = this.#process!;
    const given = new AbortController();
    const ended = once(child, "exit", { signal: given.signal }).then(([code, signal]) => {
      throw new Error(`the server ended (${code ?? signal}): ${this.#said}`);
    });
    ended.catch(() => {}); // said once, by the race
    try {
      const [message] = await Promise.race([once(child, "message", { signal: given.signal }), ended]);
      return message;
    } finally {
      given.abort();
    }
  }

  get isRunning(): boolean {
    return this.#process?.exitCode === null && this.#process.signalCode === null;
  }

  /** Throws when the process has ended. */
  async condition(question: Question = {}): Promise<Condition> {
    if (!this.isRunning) throw new Error(`the server ended: ${this.#said}`);
    this.#process!.send(question);
    return this.#word();
  }

  /** Killed, and started again over what it has stored. */
  async restart(): Promise<void> {
    await this.#end();
    await this.#run();
  }

  async #end(): Promise<void> {
    this.#session?.destroy();
    if (!this.isRunning) return;
    const exited = once(this.#process!, "exit");
    this.#process!.kill("SIGKILL");
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Throws when there is no answer in time. */
  async send(request: FuzzRequest): Promise<Reply> {
    const { method, path } = request;
    const reply = isByHand(request) ? sendByHand(this.socket(), request) : this.#sendHttp2(request);
    const late = AbortSignal.timeout(PATIENCE_MS);
    const none = once(late, "abort").then(() => {
      throw new Error(`${method} ${path} was not answered`);
    });
    return Promise.race([reply, none]);
  }

  /** What a watch tells before its time is over. */
  async watched(path: string): Promise<Reply> {
    return this.#sendHttp2({ method: "GET", path, headers: {} }, { whole: true });
  }

  async #sendHttp2({ method, path, headers, body }: FuzzRequest, { whole = false } = {}): Promise<Reply> {
    const stream = this.#connected().request(
      { ...headers, ":method": method, ":path": path },
      { endStream: !body },
    );
    const ended = new Promise<void>((resolve) => stream.once("close", resolve));
    stream.on("error", () => {}); // then there is no answer, which is said below
    let code = 0;
    let isCompressed = false;
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => void chunks.push(chunk));
    stream.once("response", (answer) => {
      code = Number(answer[":status"]);
      isCompressed = answer["content-encoding"] === "gzip";
      // Watches go on; a glimpse is enough.
      if (goesOn(path) && !whole) setTimeout(() => stream.close(8), GLIMPSE_MS).unref();
    });
    if (body) stream.end(body);
    await ended;
    const sent = Buffer.concat(chunks);
    const isWhole = isCompressed && method !== "HEAD" && (whole || !goesOn(path));
    const bytes = isWhole ? gunzipSync(sent) : sent; // throws when it is none
    return { code, bytes, text: bytes.toString(), isCompressed };
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

  get port(): number {
    return this.#port;
  }

  /** A connection of the administrator's, for bytes of any sort. */
  socket(protocols: readonly string[] = []): TLSSocket {
    const { cert, key } = this.#client;
    const options = { host: "127.0.0.1", port: this.#port, ca: this.#ca, cert, key };
    const socket = connectTls({ ...options, ALPNProtocols: [...protocols] });
    socket.on("error", () => {}); // who uses it sees that it closes
    return socket;
  }
}
