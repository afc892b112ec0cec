/**
 * A probe type asks a container once how it is. A sick container is a value; only our own cancellation is thrown.
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
