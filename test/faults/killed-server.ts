/** A server that is killed and started again, over one folder and store, and an administrator's way to whichever runs. */

import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { LineSplitter } from "@knarr/std/lines.ts";
import type { Cluster } from "./cluster.ts";
import type { Reply, Servers, WatchEvent } from "./servers.ts";

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
