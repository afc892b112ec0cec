/** V8's CPU profile of a Node.js process that runs already: its inspector is started by SIGUSR1, and spoken to over a WebSocket. */

import { readFileSync, watch } from "node:fs";

/** What a sampled call tree says of one function called in one way. */
export interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  /** Samples that found it at the top. */
  readonly hitCount?: number;
  readonly children?: readonly number[];
}

export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Microseconds between two samples. */
  readonly timeDeltas: readonly number[];
}

/** For the process that is to be profiled: a port of its own. */
export const INSPECTABLE = { NODE_OPTIONS: "--inspect-port=127.0.0.1:0" };

const SAMPLE_MICROSECONDS = 500;
const PATIENCE_MS = 10_000;

export class Inspector implements Disposable {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<any>>();
  #last = 0;

  /** Once for each process, which was started with INSPECTABLE and whose standard error goes to the file `log`. */
  static async attach(pid: number, log: string): Promise<Inspector> {
    const url = await addressOf(pid, log);
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", () => reject(new Error(`Cannot reach the inspector at ${url}`)));
    });
    const inspector = new Inspector(socket);
    await inspector.#call("Profiler.enable");
    await inspector.#call("Profiler.setSamplingInterval", { interval: SAMPLE_MICROSECONDS });
    return inspector;
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const { id, result, error } = JSON.parse(String(data));
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) waiting?.reject(new Error(error.message));
      else waiting?.resolve(result);
    });
    socket.addEventListener("close", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("The profiled process has ended"));
    });
  }

  /** The profile of the process's event loop while `work` is done. */
  async record(work: () => Promise<void>): Promise<CpuProfile> {
    await this.#call("Profiler.start");
    await work();
    return (await this.#call("Profiler.stop")).profile;
  }

  #call(method: string, params: object = {}): Promise<any> {
    const id = ++this.#last;
    const answer = Promise.withResolvers<any>();
    this.#waiting.set(id, answer);
    this.#socket.send(JSON.stringify({ id, method, params }));
    return answer.promise;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

/** Starts the inspector, which says where it listens. */
async function addressOf(pid: number, log: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const late = setTimeout(
    () => reject(new Error(`Process ${pid} started no inspector; see ${log}`)),
    PATIENCE_MS,
  );
  const watcher = watch(log, () => {
    const [, url] = /Debugger listening on (ws:\S+)/.exec(readFileSync(log, "utf8")) ?? [];
    if (url) resolve(url);
  });
  try {
    process.kill(pid, "SIGUSR1");
    return await promise;
  } finally {
    clearTimeout(late);
    watcher.close();
  }
}
