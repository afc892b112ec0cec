/** The conditions of a pod that the node decides. Pure; times are filled in by `status.ts`, which knows the previous ones. */

import type { ContainerStatus, Pod, PodCondition } from "@knarr/kinds/generated/core-v1.ts";
import { isSidecar } from "./containers.ts";
import type { Phase } from "./phase.ts";

export type NewCondition = Pick<PodCondition, "type" | "status" | "reason" | "message">;

/** Conditions of these types are ours; all others are left as they are. */
export const ownConditions: ReadonlySet<string> = new Set([
  "PodReadyToStartContainers",
  "Initialized",
  "Ready",
  "ContainersReady",
  "PodScheduled",
]);

export interface ConditionFacts {
  readonly phase: Phase;
  readonly containers: readonly ContainerStatus[];
  readonly initContainers: readonly ContainerStatus[];
  readonly hasSandbox: boolean;
  /** Conditions of others, for readiness gates. */
  readonly others: readonly PodCondition[];
}

export function conditionsOf(pod: Pod, facts: ConditionFacts): NewCondition[] {
  const containersReady = containersReadyCondition(pod, facts);
  return [
    { type: "PodReadyToStartContainers", status: facts.hasSandbox ? "True" : "False" },
    initializedCondition(pod, facts),
    readyCondition(pod, facts, containersReady),
    containersReady,
    { type: "PodScheduled", status: "True" },
  ];
}

function containersReadyCondition(
  pod: Pod,
  { phase, containers, initContainers }: ConditionFacts,
): NewCondition {
  const type = "ContainersReady";
  const unknown: string[] = [];
  const unready: string[] = [];
  const judge = (name: string, statuses: readonly ContainerStatus[]) => {
    const status = statuses.find((candidate) => candidate.name === name);
    if (!status) unknown.push(name);
    else if (!status.ready) unready.push(name);
  };
  for (const container of pod.spec?.initContainers ?? [])
    if (isSidecar(container)) judge(container.name, initContainers);
  for (const { name } of pod.spec?.containers ?? []) judge(name, containers);

  if (phase === "Succeeded" && unknown.length === 0) return { type, status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { type, status: "False", reason: "PodFailed" };
  const message = sentence("unready", unknown, unready);
  return message === ""
    ? { type, status: "True" }
    : { type, status: "False", reason: "ContainersNotReady", message };
}

function readyCondition(pod: Pod, { others }: ConditionFacts, containersReady: NewCondition): NewCondition {
  const type = "Ready";
  if (containersReady.status !== "True") return { ...containersReady, type };
  const missing = (pod.spec?.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = others.find((candidate) => candidate.type === conditionType);
    if (!condition)
      return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    if (condition.status === "True") return [];
    return [`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`];
  });
  return missing.length === 0
    ? { type, status: "True" }
    : { type, status: "False", reason: "ReadinessGatesNotReady", message: missing.join(", ") };
}

function initializedCondition(pod: Pod, { phase, containers, initContainers }: ConditionFacts): NewCondition {
  const type = "Initialized";
  const unknown: string[] = [];
  const incomplete: string[] = [];
  for (const container of pod.spec?.initContainers ?? []) {
    const status = initContainers.find(({ name }) => name === container.name);
    if (!status) unknown.push(container.name);
    else if (!(isSidecar(container) ? status.started : status.ready)) incomplete.push(container.name);
  }
  if (phase === "Succeeded" && unknown.length === 0) return { type, status: "True", reason: "PodCompleted" };
  const anyStarted = containers.some(
    ({ state, lastState, started }) =>
      started || state?.running || state?.terminated || (state?.waiting && lastState?.terminated),
  );
  const message = anyStarted ? "" : sentence("incomplete", unknown, incomplete);
  return message === ""
    ? { type, status: "True" }
    : { type, status: "False", reason: "ContainersNotInitialized", message };
}

/** Lists as Go prints them: `containers with unready status: [a b]`. */
function sentence(what: string, unknown: readonly string[], others: readonly string[]): string {
  return [
    ...(unknown.length ? [`containers with unknown status: [${unknown.join(" ")}]`] : []),
    ...(others.length ? [`containers with ${what} status: [${others.join(" ")}]`] : []),
  ].join(", ");
}
