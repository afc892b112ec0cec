/** `status` of a pod, whole, from the runtime, the probes and what the API had before. Pure but for the `now` it is given. */

import type { ContainerStatus, Pod, PodCondition, PodStatus } from "@knarr/kinds/generated/core-v1.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { newest, usableSandbox, type PodRuntime } from "../runtime/pod-runtime.ts";
import { conditionsOf, ownConditions, type NewCondition } from "./conditions.ts";
import { containerStatus, type WaitingReason } from "./container-statuses.ts";
import { containersOf, initContainersOf } from "./containers.ts";
import type { Health } from "./health.ts";
import { phaseOf, type Phase } from "./phase.ts";
import { qosClass } from "./qos.ts";

export interface PodFacts {
  readonly runtime: PodRuntime;
  readonly health: Health;
  readonly waiting: ReadonlyMap<string, WaitingReason>;
  readonly hostIPs: readonly string[];
  readonly now: number;
  /** Nothing of the pod will run again. */
  readonly terminal: boolean;
  /** Decided by the node against the pod: rejected, past its deadline, evicted. */
  readonly verdict?: Verdict | undefined;
}

export interface Verdict {
  readonly reason: string;
  readonly message: string;
}

/** `previous` is the newest status known to be in the API. */
export function podStatus(pod: Pod, previous: PodStatus, facts: PodFacts): PodStatus {
  const statuses = (kind: "init" | "regular" | "ephemeral", before: readonly ContainerStatus[] = []) =>
    (kind === "init" ? initContainersOf(pod) : containersOf(pod).filter((one) => one.kind === kind)).map(
      (one) => containerStatus(pod, one, { ...facts, previous: before }),
    );
  const byName = (one: ContainerStatus, other: ContainerStatus) => (one.name < other.name ? -1 : 1);
  const containerStatuses = statuses("regular", previous.containerStatuses).sort(byName);
  const initContainerStatuses = statuses("init", previous.initContainerStatuses);
  const ephemeralContainerStatuses = statuses("ephemeral", previous.ephemeralContainerStatuses).sort(byName);
  const phase = phaseNow(pod, previous, facts, containerStatuses, initContainerStatuses);
  const why = reasonFor(phase, previous, facts.verdict);
  const observedGeneration = pod.metadata?.generation;
  return {
    ...(observedGeneration && { observedGeneration }),
    phase,
    conditions: conditionsNow(pod, previous, facts, phase, containerStatuses, initContainerStatuses),
    ...why,
    ...addresses(pod, previous, facts),
    startTime: previous.startTime ?? formatTime(facts.now),
    ...(initContainerStatuses.length && { initContainerStatuses }),
    containerStatuses,
    ...(ephemeralContainerStatuses.length && { ephemeralContainerStatuses }),
    qosClass: previous.qosClass ?? qosClass(pod),
  };
}

function phaseNow(
  pod: Pod,
  previous: PodStatus,
  { runtime, terminal, verdict }: PodFacts,
  containers: readonly ContainerStatus[],
  initContainers: readonly ContainerStatus[],
): Phase {
  // Nothing leads out of a terminal phase
  if (previous.phase === "Succeeded" || previous.phase === "Failed") return previous.phase;
  if (verdict) return "Failed";
  const sandbox = usableSandbox(runtime, pod.spec?.hostNetwork ?? false);
  const initialized = (pod.spec?.containers ?? []).some(
    ({ name }) => sandbox && newest(runtime, name)?.sandboxId === sandbox.id,
  );
  const phase = phaseOf(pod, { containers, initContainers, terminal, initialized });
  return terminal && (phase === "Pending" || phase === "Running") ? "Failed" : phase;
}

function reasonFor(
  phase: Phase,
  previous: PodStatus,
  verdict?: Verdict,
): Pick<PodStatus, "reason" | "message"> {
  const { reason, message } = verdict ?? (phase === previous.phase ? previous : {});
  return { ...(reason && { reason }), ...(message && { message }) };
}

function addresses(pod: Pod, previous: PodStatus, { runtime, hostIPs }: PodFacts): Partial<PodStatus> {
  const hostNetwork = pod.spec?.hostNetwork ?? false;
  const ofSandbox = runtime.sandboxes[0]?.ips ?? [];
  const podIPs = hostNetwork
    ? hostIPs
    : ofSandbox.length
      ? ofSandbox
      : (previous.podIPs ?? []).map(({ ip }) => ip);
  return {
    ...(hostIPs[0] && { hostIP: hostIPs[0], hostIPs: hostIPs.map((ip) => ({ ip })) }),
    ...(podIPs[0] && { podIP: podIPs[0], podIPs: podIPs.map((ip) => ({ ip })) }),
  };
}

/** Others' conditions as they were, then ours, each with the time of its last change. */
function conditionsNow(
  pod: Pod,
  previous: PodStatus,
  { runtime, now }: PodFacts,
  phase: Phase,
  containers: readonly ContainerStatus[],
  initContainers: readonly ContainerStatus[],
): PodCondition[] {
  const before = previous.conditions ?? [];
  const others = before.filter(({ type }) => !ownConditions.has(type));
  const hasSandbox = usableSandbox(runtime, pod.spec?.hostNetwork ?? false) !== undefined;
  const own = conditionsOf(pod, { phase, containers, initContainers, hasSandbox, others });
  return [...others, ...own.map((condition) => dated(condition, before, pod, now))];
}

function dated(
  condition: NewCondition,
  before: readonly PodCondition[],
  pod: Pod,
  now: number,
): PodCondition {
  const old = before.find(({ type }) => type === condition.type);
  const lastTransitionTime =
    old?.status === condition.status && old.lastTransitionTime ? old.lastTransitionTime : formatTime(now);
  const observedGeneration = pod.metadata?.generation;
  return {
    ...condition,
    ...(observedGeneration && { observedGeneration }),
    lastTransitionTime,
  } as PodCondition;
}
