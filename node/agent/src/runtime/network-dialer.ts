/**
 * Connections to ports inside a pod's network namespace, where servers may listen on 127.0.0.1 alone.
 *
 * Node cannot enter a namespace, so a small process per pod does (`network-dialer-child.ts`, started in the namespace by nsenter when first needed). It
 * listens on a unix socket, which namespaces do not divide, and ends by itself when unused.
 */

import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";

const CHILD = fileURLToPath(new URL("network-dialer-child.ts", import.meta.url));

interface Helper {
  readonly socket: string;
  readonly child: ChildProcess;
}

export class NetworkDialer implements Disposable {
  readonly #directory: string;
  readonly #helpers = new Map<string, Promise<Helper>>();

  /** Sockets are made in `directory`; what an earlier process left there is removed. */
  constructor(directory: string) {
    this.#directory = directory;
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  /** `pid` is a process in the namespace; `id` names it, for reuse. */
  async dial(
    namespace: { readonly id: string; readonly pid: number },
    port: number,
    signal: AbortSignal,
  ): Promise<Duplex> {
    const helper = await this.#helperOf(namespace);
    signal.throwIfAborted();
    const socket = await connected(connect({ path: helper.socket, allowHalfOpen: true }), signal);
    socket.write(`${port}\n`);
    const answer = await firstLine(socket, signal);
    if (answer !== "ok") {
      socket.destroy();
      throw new Error(answer);
    }
    return socket;
  }

  /** For pods in the node's own network. */
  async dialHost(port: number, signal: AbortSignal): Promise<Duplex> {
    return await connected(connect({ host: "localhost", port, allowHalfOpen: true }), signal);
  }

  [Symbol.dispose](): void {
    for (const helper of this.#helpers.values()) helper.then(({ child }) => child.kill()).catch(() => {}); // never started
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #helperOf(namespace: { readonly id: string; readonly pid: number }): Promise<Helper> {
    return this.#helpers.getOrInsertComputed(namespace.id, () => {
      const starting = this.#start(namespace);
      starting.catch(() => this.#helpers.delete(namespace.id));
      return starting;
    });
  }

  async #start({ id, pid }: { readonly id: string; readonly pid: number }): Promise<Helper> {
    const socket = join(this.#directory, `${id.slice(0, 16)}.sock`);
    rmSync(socket, { force: true });
    const child = spawn("nsenter", [`--net=/proc/${pid}/ns/net`, process.execPath, CHILD, socket], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    child.unref();
    (child.stdin as Socket).unref();
    child.once("exit", () => this.#helpers.delete(id));
    let complaint = "";
    child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
    await new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.stdout.once("data", () => resolve());
      child.once("exit", () => reject(new Error(`Cannot enter the pod's network: ${complaint.trim()}`)));
    });
    return { socket, child };
  }
}

function connected(socket: Socket, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const abort = () => socket.destroy(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
    const settle = (finish: () => void) => {
      signal.removeEventListener("abort", abort);
      finish();
    };
    socket.once("connect", () => settle(() => resolve(socket)));
    socket.once("error", (err) => settle(() => reject(err)));
  });
}

/** Reads up to the first line's end and puts back what follows. */
function firstLine(socket: Socket, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let line = Buffer.alloc(0);
    const abort = () => socket.destroy(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
    const read = () => {
      for (let chunk; (chunk = socket.read() as Buffer | null);) {
        line = Buffer.concat([line, chunk]);
        const end = line.indexOf(0x0a);
        if (end < 0) continue;
        stop();
        if (line.length > end + 1) socket.unshift(line.subarray(end + 1));
        resolve(line.toString("utf8", 0, end));
        return;
      }
    };
    const fail = (err?: Error) => {
      stop();
      reject(err ?? new Error("the helper in the pod's network ended"));
    };
    const ended = () => fail();
    const stop = () => {
      signal.removeEventListener("abort", abort);
      socket.off("readable", read).off("error", fail).off("end", ended);
    };
    socket.on("readable", read).once("error", fail).once("end", ended);
  });
}
