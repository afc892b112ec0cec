/**
 * Processes run inside a running container, with their own streams, through containerd's Tasks service.
 *
 * CRI has a way too, but containerd 1.6's streaming server cannot end stdin without ending everything, and its
 * ExecSync waits for ever for a grandchild that holds stdout open. Here streams are FIFOs between us and the
 * container's shim: the end of stdin is an EOF for the command, and after the command's end its output is waited for
 * only so long.
 */

import { randomBytes } from "node:crypto";
import { Writable, type Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { Connection, RpcError } from "./connection.ts";
import { containersService, tasksService, type Any } from "./containerd-api.ts";
import { FifoPool, openReader, openWriter, type FifoSet } from "./fifos.ts";

export interface ExecOptions {
  readonly command: readonly string[];
  readonly terminal: boolean;
  readonly stdin?: Readable;
  /** Ended when the command's output has ended. */
  readonly stdout?: Writable;
  /** Not with a terminal, which has one output. */
  readonly stderr?: Writable;
  readonly resizes?: AsyncIterable<{ readonly width: number; readonly height: number }>;
}

interface ProcessId {
  readonly containerId: string;
  readonly execId: string;
}

/** The part of an OCI process that an exec changes. */
interface ProcessSpec {
  args: string[];
  terminal?: boolean;
  env?: string[];
  consoleSize?: unknown;
}

const SIGKILL = 9;
const NO_TIMEOUT = { timeoutMs: 24 * 86_400_000, idempotent: true };
/** How long output may still come after the command ended, when something it left behind holds it open. */
const DRAIN_MS = 1_000;

export class ContainerExec implements Disposable {
  readonly #connection: Connection;
  readonly #fifos: FifoPool;

  /** FIFOs are made below `fifoDir`, which must be on a local file system; what is there already is removed. */
  constructor(socket: string, fifoDir: string) {
    this.#connection = new Connection(socket, { "containerd-namespace": "k8s.io" });
    this.#fifos = new FifoPool(fifoDir);
  }

  /**
   * Runs a command to its end and gives its exit code once its output is drained. Aborting kills it and throws the
   * signal's reason. Throws an RpcError when the container is not running or the command cannot be started.
   */
  async run(
    containerId: string,
    options: ExecOptions,
    signal: AbortSignal,
  ): Promise<{ readonly exitCode: number }> {
    signal.throwIfAborted();
    const process = { containerId, execId: randomBytes(16).toString("hex") };
    const [spec, fifos] = await Promise.all([this.#processSpec(containerId, options), this.#fifos.take()]);
    let clean = false;
    try {
      using streams = new Streams(fifos, options);
      const { exitCode, drained } = await this.#execute(process, streams, spec, options, signal);
      clean = drained && !options.stdin;
      signal.throwIfAborted();
      return { exitCode };
    } finally {
      await this.#fifos.give(fifos, { reusable: clean });
    }
  }

  /** The first process of a container or sandbox, by which its namespaces can be entered. */
  async pidOf(containerId: string): Promise<number> {
    const { process } = await this.#connection.unary(tasksService.Get, { containerId });
    return process?.pid ?? 0;
  }

  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }

  async #execute(
    process: ProcessId,
    streams: Streams,
    spec: Any,
    { terminal, resizes }: ExecOptions,
    signal: AbortSignal,
  ): Promise<{ exitCode: number; drained: boolean }> {
    await this.#connection.unary(tasksService.Exec, { ...process, ...streams.paths, terminal, spec });
    const kill = () =>
      void ignoreGone(this.#connection.unary(tasksService.Kill, { ...process, signal: SIGKILL }));
    try {
      const waiting = this.#connection.unary(tasksService.Wait, process, NO_TIMEOUT);
      waiting.catch(() => {}); // awaited below, unless starting throws first
      await this.#connection.unary(tasksService.Start, process);
      signal.addEventListener("abort", kill, { once: true });
      if (signal.aborted) kill();
      if (resizes && terminal) void this.#resize(process, resizes);
      streams.flow(() => {
        // The shim holds stdin open itself: that our end is closed is not the command's EOF yet
        if (!terminal)
          void ignoreGone(this.#connection.unary(tasksService.CloseIO, { ...process, stdin: true }));
      });
      const { exitStatus } = await waiting;
      return { exitCode: exitStatus, drained: await streams.drained() };
    } finally {
      signal.removeEventListener("abort", kill);
      await ignoreGone(this.#connection.unary(tasksService.DeleteProcess, process));
    }
  }

  async #resize(process: ProcessId, resizes: NonNullable<ExecOptions["resizes"]>): Promise<void> {
    try {
      for await (const { width, height } of resizes)
        await this.#connection.unary(tasksService.ResizePty, { ...process, width, height });
    } catch {
      // the process ended, or the client went: a terminal nobody looks at keeps its size
    }
  }

  /** The container's own process with another command: same user, environment, capabilities, directory. */
  async #processSpec(containerId: string, { command, terminal }: ExecOptions): Promise<Any> {
    const { container } = await this.#connection.unary(containersService.Get, { id: containerId });
    const spec = JSON.parse(container?.spec?.value.toString("utf8") ?? "{}") as { process?: ProcessSpec };
    if (!spec.process) throw new RangeError(`Cannot exec in container ${containerId}: it has no process`);
    const { consoleSize: _, ...process } = spec.process;
    process.args = [...command];
    process.terminal = terminal;
    if (terminal && !process.env?.some((line) => line.startsWith("TERM=")))
      process.env = [...(process.env ?? []), "TERM=xterm"];
    return {
      typeUrl: "types.containerd.io/opencontainers/runtime-spec/1/Process",
      value: Buffer.from(JSON.stringify(process)),
    };
  }
}

/** Our ends of a process's FIFOs and the client's streams they belong to. */
class Streams implements Disposable {
  readonly paths: { readonly stdin: string; readonly stdout: string; readonly stderr: string };
  readonly #options: ExecOptions;
  readonly #stdin;
  readonly #outputs: readonly (readonly [from: Readable & { destroy(): void }, to: Writable])[];
  #copies: Promise<unknown> = Promise.resolve();

  constructor(fifos: FifoSet, options: ExecOptions) {
    this.#options = options;
    const { stdin, terminal } = options;
    // A shim that is given any stream wants all outputs; without any it uses none
    const isSilent = !stdin && !options.stdout && !options.stderr;
    const stdout = isSilent ? undefined : (options.stdout ?? nowhere());
    const stderr = isSilent || terminal ? undefined : (options.stderr ?? nowhere());
    this.paths = {
      stdin: stdin ? fifos.stdin : "",
      stdout: stdout ? fifos.stdout : "",
      stderr: stderr ? fifos.stderr : "",
    };
    this.#stdin = stdin && openWriter(fifos.stdin);
    this.#outputs = [
      ...(stdout ? [[openReader(fifos.stdout), stdout] as const] : []),
      ...(stderr ? [[openReader(fifos.stderr), stderr] as const] : []),
    ];
  }

  /** Once the process has started. `onStdinEnd` runs when all of stdin is in the FIFO and our end is closed. */
  flow(onStdinEnd: () => void): void {
    this.#copies = Promise.all(this.#outputs.map(([from, to]) => copy(from, to)));
    if (!this.#stdin) return;
    this.#stdin.once("close", onStdinEnd);
    this.#options.stdin!.pipe(this.#stdin);
    this.#options.stdin!.once("error", () => this.#stdin!.destroy()); // the client broke off: that is its end too
    this.#stdin.once("finish", () => this.#stdin!.destroy());
  }

  /** After the process ended: true when its outputs ended too, false when something still holds them. */
  async drained(): Promise<boolean> {
    const timer = new AbortController();
    const late = delay(DRAIN_MS, false, { signal: timer.signal }).catch(() => false);
    const drained = await Promise.race([this.#copies.then(() => true), late]);
    timer.abort();
    if (!drained) for (const [from, to] of this.#outputs) (from.unpipe(to), to.end());
    return drained;
  }

  [Symbol.dispose](): void {
    this.#stdin?.removeAllListeners("close");
    if (this.#stdin) this.#options.stdin!.unpipe(this.#stdin);
    this.#stdin?.destroy();
    for (const [from] of this.#outputs) from.destroy();
  }
}

/** For output that nobody wants. */
function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

/** Resolves when everything from `from` is in `to`. When `to` wants no more, the rest is read and dropped. */
async function copy(from: Readable, to: Writable): Promise<void> {
  from.pipe(to);
  try {
    await finished(to, { readable: false });
  } catch {
    from.unpipe(to); // the client is gone; the command runs on, its output goes nowhere
    from.resume();
    await finished(from).catch(() => {}); // destroyed with the other streams
  }
}

/** For what is done to a process that may just have ended, alone or with its container. */
async function ignoreGone(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (err) {
    if (!(err instanceof RpcError)) throw err;
  }
}
