/**
 * How many replicas a figure asks for: usage divided by target, times the pods it was measured on. All amounts are thousandths.
 *
 * Not every pod has a figure that can be believed. The answer is first sought without the others; then they are assumed to behave so that
 * the change becomes smaller, and when that would turn the direction round, nothing changes:
 *
 *     pods                          more is wanted    fewer are wanted
 *     pending, or not yet warm      use nothing       are left out
 *     running without a figure      use nothing       use all they may
 *     going or failed               are left out      are left out
 */

import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { isReady, readyCondition } from "../pods.ts";

/** What was measured on one pod. */
export interface PodFigure {
  readonly value: number;
  /** When the measurement ended, and how long it took. */
  readonly at: number;
  readonly windowMs: number;
}

export type PodFigures = ReadonlyMap<string, PodFigure>;

/** How far a ratio may be from 1 without anything to do. */
export interface Tolerances {
  readonly up: number;
  readonly down: number;
}

export interface Measured {
  /** Of usage to target. */
  readonly ratio: number;
  /** Per pod. */
  readonly average: number;
  /** In percent of what the pods request. */
  readonly utilization?: number;
}

/** How the values of pods are held against a target. */
export interface Yardstick {
  measure(values: ReadonlyMap<string, number>): Measured;
  /** What a pod without a figure is taken to use when fewer replicas are wanted. */
  most(pod: string): number;
}

export interface Question {
  readonly pods: readonly Pod[];
  readonly currentReplicas: number;
  readonly tolerances: Tolerances;
}

export interface PodsQuestion extends Question {
  readonly figures: PodFigures;
  /** Of CPU the first moments of a pod do not count; of nothing else. */
  readonly isCpu: boolean;
  readonly now: number;
}

/** --horizontal-pod-autoscaler-cpu-initialization-period */
const WARMING_MS = 300_000;
/** --horizontal-pod-autoscaler-initial-readiness-delay */
const FIRST_READY_MS = 30_000;
const MOST_REPLICAS = 2 ** 31 - 1;
const NO_PODS = "no pods returned by selector while calculating replica count";

/** Throws when there is nothing to go by. */
export function replicasForPods(
  question: PodsQuestion,
  yardstick: Yardstick,
): Measured & { readonly replicas: number } {
  const { pods, figures, currentReplicas, tolerances } = question;
  if (pods.length === 0) throw new Error(NO_PODS);
  const { readyCount, unready, missing, ignored } = grouped(question);
  const values = new Map([...figures].map(([name, { value }]) => [name, value]));
  for (const name of [...ignored, ...unready]) values.delete(name);
  if (values.size === 0) throw new Error("did not receive metrics for targeted pods (pods might be unready)");

  const measured = yardstick.measure(values);
  const { ratio } = measured;
  const unchanged = { ...measured, replicas: currentReplicas };
  const growsOverUnready = unready.length > 0 && ratio > 1;
  if (!growsOverUnready && missing.length === 0) {
    return isWithin(tolerances, ratio) ? unchanged : { ...measured, replicas: roundUp(ratio * readyCount) };
  }
  if (ratio !== 1) for (const name of missing) values.set(name, ratio < 1 ? yardstick.most(name) : 0);
  if (growsOverUnready) for (const name of unready) values.set(name, 0);
  const cautious = yardstick.measure(values).ratio;
  if (isWithin(tolerances, cautious) || (cautious - 1) * (ratio - 1) < 0) return unchanged;
  const replicas = roundUp(cautious * values.size);
  const isTurned = cautious < 1 ? replicas > currentReplicas : replicas < currentReplicas;
  return isTurned ? unchanged : { ...measured, replicas };
}

/** For a figure about them all together. */
export function replicasForTotal({ pods, currentReplicas, tolerances }: Question, ratio: number): number {
  if (isWithin(tolerances, ratio)) return currentReplicas;
  if (pods.length === 0) throw new Error(`unable to calculate ready pods: ${NO_PODS}`);
  return roundUp(ratio * pods.filter((pod) => pod.status?.phase === "Running" && isReady(pod)).length);
}

/** For a figure about them all together of which each is to have `target`. */
export function replicasForShare(
  { currentReplicas, tolerances }: Omit<Question, "pods">,
  usage: number,
  target: number,
): number {
  const isEnough = isWithin(tolerances, usage / (target * currentReplicas));
  return isEnough ? currentReplicas : roundUp(usage / target);
}

/** Against what each pod is to use. */
export function amountYardstick(target: number): Yardstick {
  return {
    measure(values) {
      const average = Math.trunc(sum(values.values()) / values.size);
      return { average, ratio: average / target };
    },
    most: () => target,
  };
}

/**
 * Against a percentage of what the pods request. Figures of other pods do not count. `requestsOf` is asked when there are figures at all,
 * and throws when a pod requests nothing.
 */
export function utilizationYardstick(
  target: number,
  requestsOf: () => ReadonlyMap<string, number>,
): Yardstick {
  let requests: ReadonlyMap<string, number> = new Map();
  return {
    measure(values) {
      if (requests.size === 0) requests = requestsOf();
      const known = [...values].filter(([name]) => requests.has(name));
      const requested = sum(known.map(([name]) => requests.get(name)!));
      if (requested === 0) throw new Error("no metrics returned matched known pods");
      const used = sum(known.map(([, value]) => value));
      const utilization = Math.trunc((used * 100) / requested);
      return { utilization, average: Math.trunc(used / known.length), ratio: utilization / target };
    },
    most: (pod) => Math.trunc(((requests.get(pod) ?? 0) * Math.max(100, target)) / 100),
  };
}

function isWithin({ up, down }: Tolerances, ratio: number): boolean {
  return 1 - down <= ratio && ratio <= 1 + up;
}

function roundUp(replicas: number): number {
  return Math.min(Math.ceil(replicas), MOST_REPLICAS);
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

function grouped({ pods, figures, isCpu, now }: PodsQuestion) {
  const [unready, missing, ignored]: [string[], string[], string[]] = [[], [], []];
  let readyCount = 0;
  for (const pod of pods) {
    const { name = "", deletionTimestamp } = pod.metadata;
    const phase = pod.status?.phase;
    const figure = figures.get(name);
    if (deletionTimestamp || phase === "Failed") ignored.push(name);
    else if (phase === "Pending") unready.push(name);
    else if (!figure) missing.push(name);
    else if (isCpu && !isWarm(pod, figure, now)) unready.push(name);
    else readyCount++;
  }
  return { readyCount, unready, missing, ignored };
}

/** Starting takes CPU that serving does not: the figure counts once all of it was measured on a ready pod, or the pod has had its time. */
function isWarm(pod: Pod, { at, windowMs }: PodFigure, now: number): boolean {
  const ready = readyCondition(pod);
  const startTime = pod.status?.startTime;
  if (!ready || !startTime) return false;
  const started = Date.parse(startTime);
  const since = Date.parse(ready.lastTransitionTime ?? startTime);
  if (started + WARMING_MS > now) return ready.status !== "False" && at >= since + windowMs;
  const wasNeverReady = ready.status === "False" && started + FIRST_READY_MS > since;
  return !wasNeverReady;
}
