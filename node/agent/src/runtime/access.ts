/** RuntimeAccess over containerd: the agent's one way into running containers. */

import { Writable, type Duplex } from "node:stream";
import type { ContainerExec } from "@knarr/cri/container-exec.ts";
import { isRpcNotFound } from "@knarr/cri/connection.ts";
import type { RuntimeClient } from "@knarr/cri/runtime-client.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { containerOf } from "../pods/containers.ts";
import {
  ExecTimeout,
  type ContainerRef,
  type PodRef,
  type ProcessIo,
  type RuntimeAccess,
} from "../runtime-access.ts";
import { attachStreams } from "./attach.ts";
import type { NetworkDialer } from "./network-dialer.ts";
import type { PodRuntime } from "./pod-runtime.ts";
import type { RuntimeState } from "./runtime-state.ts";

const DEFAULT_OUTPUT_LIMIT = 16 << 20;

export interface AccessOptions {
  readonly runtime: RuntimeClient;
  readonly state: RuntimeState;
  readonly exec: ContainerExec;
  readonly dialer: NetworkDialer;
  /** The pod as the API has it, by uid. */
  pod(uid: string): Pod | undefined;
}

export class ContainerdAccess implements RuntimeAccess {
  readonly #options: AccessOptions;

  constructor(options: AccessOptions) {
    this.#options = options;
  }

  container(
    pod: PodRef,
    name: string,
    { previous = false }: { readonly previous?: boolean } = {},
  ): ContainerRef | undefined {
    const found = this.#find(pod);
    const instance = found?.containers.filter((container) => container.name === name)[previous ? 1 : 0];
    if (!found || !instance) return undefined;
    const api = this.#options.pod(found.uid);
    const { stdin = false, tty = false } = (api && containerOf(api, name)?.container) ?? {};
    const { id, state, logPath } = instance;
    return { id, state, logPath, stdin, tty };
  }

  async execSync(
    containerId: string,
    command: readonly string[],
    timeoutMs: number,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<{ exitCode: number; stdout: Buffer; stderr: Buffer }> {
    const [stdout, stderr] = [
      new LimitedOutput(DEFAULT_OUTPUT_LIMIT),
      new LimitedOutput(DEFAULT_OUTPUT_LIMIT),
    ];
    const tooLate = new ExecTimeout(`command ${JSON.stringify(command.join(" "))} timed out`);
    const timer = new AbortController();
    const timeout = setTimeout(() => timer.abort(tooLate), Math.min(timeoutMs, 2 ** 31 - 1));
    try {
      const { exitCode } = await this.#options.exec.run(
        containerId,
        { command, terminal: false, stdout, stderr },
        AbortSignal.any([signal, timer.signal]),
      );
      return { exitCode, stdout: stdout.content, stderr: stderr.content };
    } finally {
      clearTimeout(timeout);
    }
  }

  exec(
    containerId: string,
    command: readonly string[],
    io: ProcessIo,
    signal: AbortSignal,
  ): Promise<{ exitCode: number }> {
    const { tty, ...streams } = io;
    return this.#options.exec.run(containerId, { command, terminal: tty, ...streams }, signal);
  }

  async attach(containerId: string, io: ProcessIo, signal: AbortSignal): Promise<void> {
    const url = await this.#options.runtime.attach({
      containerId,
      stdin: io.stdin !== undefined,
      stdout: io.stdout !== undefined,
      stderr: io.stderr !== undefined && !io.tty,
      tty: io.tty,
    });
    await attachStreams(url, io, signal);
  }

  async dial(pod: PodRef, port: number, signal: AbortSignal): Promise<Duplex> {
    const sandbox = this.#find(pod)?.sandboxes.find(({ ready }) => ready);
    if (!sandbox)
      throw new Error(`Cannot reach port ${port}: the pod ${pod.namespace}/${pod.name} has no sandbox`);
    if (sandbox.hostNetwork) return await this.#options.dialer.dialHost(port, signal);
    const pid = await this.#options.exec.pidOf(sandbox.id).catch((err) => {
      if (isRpcNotFound(err))
        throw new Error(`Cannot reach port ${port}: the sandbox has ended`, { cause: err });
      throw err;
    });
    return await this.#options.dialer.dial({ id: sandbox.id, pid }, port, signal);
  }

  #find({ uid, namespace, name }: PodRef): PodRuntime | undefined {
    const { state } = this.#options;
    if (uid !== undefined) return state.pod(uid);
    const alike = state.pods().filter((pod) => pod.namespace === namespace && pod.name === name);
    // A pod and its deleted namesake: the one that the API has, or else the newer one
    const created = (pod: PodRuntime) => pod.sandboxes[0]?.createdAt ?? 0;
    return (
      alike.find((pod) => this.#options.pod(pod.uid)) ??
      alike.sort((one, other) => created(other) - created(one))[0]
    );
  }
}

/** Keeps so many bytes and lets the rest pass. */
class LimitedOutput extends Writable {
  readonly #chunks: Buffer[] = [];
  #room: number;

  constructor(limit: number) {
    super();
    this.#room = limit;
  }

  get content(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    if (this.#room > 0) this.#chunks.push(chunk.subarray(0, this.#room));
    this.#room -= chunk.length;
    callback();
  }
}
