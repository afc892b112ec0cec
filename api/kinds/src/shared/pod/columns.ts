/** What `kubectl get pods` prints. The status column tells what the phase does not: the reason a container waits or ended. */

import type { ContainerStatus, Pod } from "../../../generated/core-v1.ts";
import type { Column } from "../../resource.ts";
import { humanDuration } from "../age.ts";
import { ageColumn, nameColumn } from "../columns.ts";
import { isSidecar } from "./context.ts";

export const podColumns: readonly Column<Pod>[] = [
  nameColumn,
  { name: "Ready", value: (pod) => readiness(pod) },
  { name: "Status", value: (pod) => summaryOf(pod).reason },
  { name: "Restarts", value: (pod, now) => restarts(pod, now) },
  ageColumn,
  { name: "IP", priority: 1, value: ({ status }) => status?.podIPs?.[0]?.ip || "<none>" },
  { name: "Node", priority: 1, value: ({ spec }) => spec?.nodeName || "<none>" },
  { name: "Nominated Node", priority: 1, value: ({ status }) => status?.nominatedNodeName || "<none>" },
  { name: "Readiness Gates", priority: 1, value: gates },
];

interface Summary {
  reason: string;
  ready: number;
  restarts: number;
  /** When a container last ended and was started again, as RFC 3339; empty for never. */
  lastRestart: string;
}

/** All cells but a few come from one walk over the statuses; a table asks for them one by one, so the last is kept. */
let last: { readonly pod: Pod; readonly summary: Summary } | undefined;

function summaryOf(pod: Pod): Summary {
  if (last?.pod !== pod) last = { pod, summary: summarize(pod) };
  return last.summary;
}

function readiness(pod: Pod): string {
  const sidecars = (pod.spec?.initContainers ?? []).filter(isSidecar).length;
  return `${summaryOf(pod).ready}/${(pod.spec?.containers.length ?? 0) + sidecars}`;
}

function restarts(pod: Pod, now: number): string {
  const { restarts: count, lastRestart } = summaryOf(pod);
  if (!count || !lastRestart) return String(count);
  return `${count} (${humanDuration(now - Date.parse(lastRestart))} ago)`;
}

function summarize(pod: Pod): Summary {
  const { metadata, status = {} } = pod;
  const initialisation = summarizeInit(pod);
  let summary = initialisation.summary;
  if (!initialisation.isRunning || isTrue(pod, "Initialized"))
    summary = summarizeRunning(pod, initialisation);
  if (metadata.deletionTimestamp) {
    const isOver = status.phase === "Failed" || status.phase === "Succeeded";
    if (status.reason === "NodeLost") summary.reason = "Unknown";
    else if (!isOver) summary.reason = "Terminating";
  }
  return summary;
}

interface Initialisation {
  /** An init container has yet to end. */
  readonly isRunning: boolean;
  readonly summary: Summary;
  /** Of sidecars alone: what still counts once the pod is initialised. */
  readonly ofSidecars: Pick<Summary, "restarts" | "lastRestart">;
}

function summarizeInit({ spec, status = {} }: Pod): Initialisation {
  const gated = (status.conditions ?? []).some(
    ({ type, reason }) => type === "PodScheduled" && reason === "SchedulingGated",
  );
  const reason = gated ? "SchedulingGated" : status.reason || status.phase || "";
  const summary: Summary = { reason, ready: 0, restarts: 0, lastRestart: "" };
  const ofSidecars = { restarts: 0, lastRestart: "" };
  const containers = new Map((spec?.initContainers ?? []).map((container) => [container.name, container]));
  for (const [i, container] of (status.initContainerStatuses ?? []).entries()) {
    const declared = containers.get(container.name);
    const alongside = declared !== undefined && isSidecar(declared);
    countRestarts(container, summary);
    if (alongside) countRestarts(container, ofSidecars);
    const { terminated, waiting } = container.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (alongside && container.started) {
      if (container.ready) summary.ready++;
      continue;
    }
    if (terminated) summary.reason = `Init:${endOf(terminated)}`;
    else if (waiting?.reason && waiting.reason !== "PodInitializing")
      summary.reason = `Init:${waiting.reason}`;
    else summary.reason = `Init:${i}/${containers.size}`;
    return { isRunning: true, summary, ofSidecars };
  }
  return { isRunning: false, summary, ofSidecars };
}

function summarizeRunning(pod: Pod, { summary, ofSidecars }: Initialisation): Summary {
  const result: Summary = { ...summary, ...ofSidecars };
  let hasRunning = false;
  let failure = "";
  for (const container of (pod.status?.containerStatuses ?? []).toReversed()) {
    countRestarts(container, result);
    const { waiting, terminated, running } = container.state ?? {};
    if (waiting?.reason) result.reason = waiting.reason;
    else if (terminated) {
      result.reason = endOf(terminated);
      if (terminated.exitCode !== 0) failure = result.reason;
    } else if (container.ready && running) {
      hasRunning = true;
      result.ready++;
    }
  }
  if (result.reason === "Completed") {
    if (hasRunning && isTrue(pod, "Ready")) result.reason = "Running";
    else if (failure) result.reason = failure;
    else if (hasRunning) result.reason = "NotReady";
  }
  return result;
}

function endOf({
  reason,
  signal,
  exitCode,
}: {
  readonly reason?: string;
  readonly signal?: number;
  readonly exitCode?: number;
}): string {
  return reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode ?? 0}`);
}

function countRestarts(
  { restartCount = 0, lastState }: ContainerStatus,
  into: Pick<Summary, "restarts" | "lastRestart">,
): void {
  into.restarts += restartCount;
  const ended = lastState?.terminated?.finishedAt;
  if (ended && ended > into.lastRestart) into.lastRestart = ended;
}

function isTrue({ status }: Pod, condition: string): boolean {
  return (status?.conditions ?? []).find(({ type }) => type === condition)?.status === "True";
}

function gates(pod: Pod): string {
  const wanted = pod.spec?.readinessGates ?? [];
  if (!wanted.length) return "<none>";
  return `${wanted.filter(({ conditionType }) => isTrue(pod, conditionType)).length}/${wanted.length}`;
}
