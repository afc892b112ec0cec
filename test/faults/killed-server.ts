/** A server that is killed and started again, over one folder and store, and an administrator's way to whichever runs. */

import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import { LineSplitter } from "@knarr/std/lines.ts";
import type { EncryptedStore } from "@knarr/store/encryption/encrypted-store.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CertificateFolder } from "@knarr/distro/pki/certificates.ts";
import { openStoreOf } from "./store.ts";

export interface Reply {
  readonly code: number;
  readonly body: any;
}

export interface WatchEvent {
  readonly type: string;
  readonly object: any;
}

/** What clients of a cluster ask, whichever of its servers answers. */
export interface Servers {
  /** A write that got no answer may be made later than somebody has looked: it may be with etcd already. */
  readonly areLate: boolean;
  /** Resolves when a server runs. */
  running(): Promise<void>;
  /** Undefined when no answer came: it may have been done or not. Waits for a server that runs. */
  send(method: string, path: string, body?: object): Promise<Reply | undefined>;
  /** Hands on every event of a watch until that ends, because the server does or `signal` aborts. Waits for a server that runs. */
  follow(path: string, signal: AbortSignal, take: (event: WatchEvent) => void): Promise<void>;
}

/** What all servers of a cluster share: the folder of their keys, the store, and its administrator. */
export class Cluster implements Disposable {
  readonly folder: string;
  /** Of the store. */
  readonly address: string;
  readonly agent: Agent;

  /** Default: a database in the folder. */
  static async create(address?: string): Promise<Cluster> {
    const folder = mkdtempSync(join(tmpdir(), "knarr-faults-"));
    const certificates = new CertificateFolder(join(folder, "pki"));
    const authority = await certificates.authority("ca", "faults-ca");
    const admin = { commonName: "admin", organizations: ["system:masters"], use: "client" } as const;
    const client = await certificates.leaf("admin", authority, admin);
    const agent = new Agent({ keepAlive: true, ca: authority.cert, cert: client.cert, key: client.key });
    return new Cluster(folder, agent, address ?? `sqlite://${join(folder, "state.db")}`);
  }

  private constructor(folder: string, agent: Agent, address: string) {
    this.folder = folder;
    this.agent = agent;
    this.address = address;
  }

  /** The store of servers that are gone. */
  openStore(): Promise<EncryptedStore> {
    return openStoreOf(this);
  }

  [Symbol.dispose](): void {
    this.agent.destroy();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export class KilledServer implements Servers, AsyncDisposable {
  readonly areLate = false;
  readonly #cluster: Cluster;
  readonly #address: string;
  #process: ChildProcess | undefined;
  /** The port of the one that runs; resolves when it does. */
  #port = Promise.withResolvers<number>();

  /** `address`: its own way to the store. */
  static async start(cluster: Cluster, address = cluster.address): Promise<KilledServer> {
    const server = new KilledServer(cluster, address);
    await server.startAgain();
    return server;
  }

  private constructor(cluster: Cluster, address: string) {
    this.#cluster = cluster;
    this.#address = address;
  }

  async startAgain(): Promise<void> {
    const child = this.#fork();
    const started = once(child, "message").then(([message]) => message.port as number);
    const ended = once(child, "exit").then(([code, signal]) => {
      throw new Error(`The server ended with ${code ?? signal} before it was ready`);
    });
    ended.catch(() => {}); // said once, by the race
    this.#port.resolve(await Promise.race([started, ended]));
  }

  /** Starts one that is killed after `ms`, wherever it is by then. */
  async startInVain(ms: number): Promise<void> {
    const child = this.#fork();
    const exited = once(child, "exit");
    await delay(ms);
    child.kill("SIGKILL");
    await exited;
  }

  /** SIGKILL, and gone when this resolves. */
  async kill(): Promise<void> {
    const child = this.#process!;
    this.#port = Promise.withResolvers();
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process?.exitCode === null && this.#process.signalCode === null) await this.kill();
  }

  async running(): Promise<void> {
    await this.#port.promise;
  }

  async send(method: string, path: string, body?: object): Promise<Reply | undefined> {
    try {
      const answer = await this.#ask(method, path, body);
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      return { code: answer.statusCode!, body: JSON.parse(Buffer.concat(chunks).toString()) };
    } catch (err) {
      if (err instanceof SyntaxError) throw err;
      return undefined;
    }
  }

  async follow(path: string, signal: AbortSignal, take: (event: WatchEvent) => void): Promise<void> {
    const lines = new LineSplitter();
    const answer = await this.#ask("GET", path, undefined, signal).catch(() => undefined);
    if (!answer) return;
    if (answer.statusCode! >= 400 && answer.statusCode! < 500)
      throw new Error(`Cannot watch ${path}: the answer was ${answer.statusCode}`);
    const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
    answer.on("error", () => resolve()).on("close", () => resolve());
    answer.on("data", (chunk: Buffer) => {
      try {
        for (const line of lines.push(chunk)) take(JSON.parse(line) as WatchEvent);
      } catch (err) {
        reject(err as Error);
        answer.destroy();
      }
    });
    await ended;
  }

  #fork(): ChildProcess {
    const words = [this.#cluster.folder, this.#address];
    return (this.#process = fork(join(import.meta.dirname, "server.ts"), words));
  }

  async #ask(method: string, path: string, body?: object, signal?: AbortSignal): Promise<IncomingMessage> {
    const port = await this.#port.promise;
    const bytes = body && Buffer.from(JSON.stringify(body));
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const headers = bytes ? { "content-type": type, "content-length": bytes.length } : {};
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    request(
      {
        host: "127.0.0.1",
        port,
        agent: this.#cluster.agent,
        method,
        path,
        headers,
        ...(signal && { signal }),
      },
      resolve,
    )
      .on("error", reject)
      .end(bytes);
    return promise;
  }
}
