/** The phase of a pod, from the statuses of its containers. Pure; the counting is upstream's. */

import type { Container, ContainerState, ContainerStatus, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { isSidecar, restartsAfter } from "./containers.ts";

export type Phase = "Pending" | "Running" | "Succeeded" | "Failed";

export interface PhaseFacts {
  readonly containers: readonly ContainerStatus[];
  readonly initContainers: readonly ContainerStatus[];
  /** The pod is over: nothing of it will be started again, whatever its restart policy. */
  readonly terminal: boolean;
  /** Some regular container was started in the present sandbox. */
  readonly initialized: boolean;
}

export function phaseOf(pod: Pod, facts: PhaseFacts): Phase {
  const init = initProgress(pod, facts);
  if (init.failed) return "Failed";

  const counts = { running: init.running, waiting: init.waiting, unknown: init.unknown };
  let stopped = 0;
  let final = 0;
  let succeeded = 0;
  for (const container of pod.spec?.containers ?? []) {
    const state = stateOf(facts.containers, container.name);
    const ended = state?.terminated ?? (state?.waiting && state.last?.terminated);
    if (state?.running) counts.running++;
    else if (ended) {
      stopped++;
      if (!restartsAfter(pod, container, ended.exitCode)) final++;
      if (ended.exitCode === 0 && state?.terminated) succeeded++;
    } else if (state?.waiting) counts.waiting++;
    else counts.unknown++;
  }

  if (init.pending || (init.sidecarsPending && !facts.initialized) || counts.waiting > 0) return "Pending";
  if (counts.unknown > 0) return "Pending";
  if (counts.running > 0) return "Running";
  if (stopped === 0) return "Pending";
  if (!facts.terminal && stopped !== final) return "Running"; // some will be started again
  return stopped === succeeded ? "Succeeded" : "Failed";
}

interface InitProgress {
  failed: boolean;
  pending: boolean;
  sidecarsPending: boolean;
  running: number;
  waiting: number;
  unknown: number;
}

function initProgress(pod: Pod, { initContainers }: PhaseFacts): InitProgress {
  const progress = {
    failed: false,
    pending: false,
    sidecarsPending: false,
    running: 0,
    waiting: 0,
    unknown: 0,
  };
  for (const container of pod.spec?.initContainers ?? []) {
    const status = initContainers.find(({ name }) => name === container.name);
    if (isSidecar(container)) countSidecar(progress, status);
    else countInit(progress, pod, container, status);
  }
  return progress;
}

function countInit(progress: InitProgress, pod: Pod, container: Container, status?: ContainerStatus): void {
  const ended = status?.state?.terminated ?? (status?.state?.waiting && status.lastState?.terminated);
  if (!ended) progress.pending = true;
  else if (ended.exitCode !== 0 && !restartsAfter(pod, container, ended.exitCode)) progress.failed = true;
}

function countSidecar(progress: InitProgress, status?: ContainerStatus): void {
  if (!status) progress.unknown++;
  else if (status.state?.running) {
    if (!status.started) progress.sidecarsPending = true;
    progress.running++;
  } else if (status.state?.waiting && !status.lastState?.terminated) {
    progress.sidecarsPending = true;
    progress.waiting++;
  }
}

function stateOf(
  statuses: readonly ContainerStatus[],
  container: string,
): (ContainerState & { last?: ContainerState }) | undefined {
  const status = statuses.find(({ name }) => name === container);
  return status && { ...status.state, ...(status.lastState && { last: status.lastState }) };
}
