/**
 * What the node's HTTP server, its probes and its hooks may do to a running container. The pod workers implement
 * it; nobody else needs to know of CRI.
 */

import type { Readable, Writable } from "node:stream";

export interface RuntimeAccess {
  /** The current (or, with `previous`, the one before) instance of a container; undefined when there is none. */
  container(
    pod: PodRef,
    container: string,
    options?: { readonly previous?: boolean },
  ): ContainerRef | undefined;

  /** Runs a command inside, to its end. Output is cut at `limitBytes` (default 16 MiB). Throws ExecTimeout past `timeoutMs`. */
  execSync(
    containerId: string,
    command: readonly string[],
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<{ exitCode: number; stdout: Buffer; stderr: Buffer }>;

  /** Runs a command inside with live streams. stdin's end reaches the command as EOF; resolves with its exit code once its output is drained. */
  exec(
    containerId: string,
    command: readonly string[],
    io: ProcessIo,
    signal: AbortSignal,
  ): Promise<{ exitCode: number }>;

  /** Joins the container's own streams; resolves when it exits, or when the client goes. */
  attach(containerId: string, io: ProcessIo, signal: AbortSignal): Promise<void>;

  /** A connection to a TCP port inside the pod's network namespace (127.0.0.1 first, then ::1). */
  dial(pod: PodRef, port: number, signal: AbortSignal): Promise<import("node:stream").Duplex>;
}

export interface PodRef {
  readonly namespace: string;
  readonly name: string;
  readonly uid?: string;
}

export interface ContainerRef {
  readonly id: string;
  readonly state: "created" | "running" | "exited" | "unknown";
  readonly logPath: string;
  readonly stdin: boolean;
  readonly tty: boolean;
}

export interface ProcessIo {
  readonly stdin?: Readable;
  readonly stdout?: Writable;
  readonly stderr?: Writable;
  readonly tty: boolean;
  /** Terminal sizes as the client changes them. */
  readonly resizes?: AsyncIterable<{ readonly width: number; readonly height: number }>;
}

export class ExecTimeout extends Error {
  override readonly name = "ExecTimeout";
}
