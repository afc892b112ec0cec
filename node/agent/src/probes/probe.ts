/**
 * A probe type asks a container once how it is. A sick container is a value (`failure`), and so is a question that could not
 * be asked (`unknown`: tried again at once, and never held against the container); only our own cancellation is thrown.
 */

import type { Container, Pod, Probe } from "@knarr/kinds/generated/core-v1.ts";
import type { RuntimeAccess } from "../runtime-access.ts";

export type ProbeResult = {
  readonly outcome: "success" | "failure" | "unknown" | "warning";
  readonly output: string;
};

export interface ProbeTarget {
  readonly pod: Pod;
  readonly container: Container;
  readonly containerId: string;
  readonly podIP: string;
  readonly runtime: RuntimeAccess;
}

export interface ProbeType {
  /** Field of `Probe` it serves: `exec`, `httpGet`, `tcpSocket`, `grpc`. */
  readonly name: "exec" | "httpGet" | "tcpSocket" | "grpc";
  run(probe: Probe, target: ProbeTarget, signal: AbortSignal): Promise<ProbeResult>;
}

export function defineProbeType(type: ProbeType): ProbeType {
  return type;
}

/** How long one attempt may take. */
export function timeoutOf(probe: Probe): number {
  return Math.max(1, probe.timeoutSeconds ?? 1) * 1000;
}

/** Output that is kept, of a command or a page. */
export const MAX_OUTPUT_BYTES = 10 << 10;
