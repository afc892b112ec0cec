/** What tests of pods have in common: specs in few words, and what came of them. */

import { readFileSync } from "node:fs";
import { BUSYBOX } from "@knarr/cri/testing/containerd.ts";
import { event as events } from "@knarr/kinds/core/event.ts";
import type { Container, ContainerStatus, Event, Pod, PodSpec } from "@knarr/kinds/generated/core-v1.ts";
import { NODE, type TestNode } from "./node.ts";

export function shell(script: string, more: Partial<Container> = {}): Container {
  return { name: "main", image: BUSYBOX, command: ["sh", "-c", script], ...more };
}

/** A pod that runs once and is not restarted. */
export function once(script: string, more: Partial<Container> = {}): PodSpec {
  const container = shell(script, { terminationMessagePolicy: "FallbackToLogsOnError", ...more });
  return { nodeName: NODE, restartPolicy: "Never", containers: [container] };
}

/** Runs a pod to its end. */
export async function run(node: TestNode, name: string, spec: PodSpec, signal: AbortSignal): Promise<Pod> {
  await node.api.createPod(name, spec);
  const isOver = (pod?: Pod) => /Succeeded|Failed/.test(pod?.status?.phase ?? "");
  return (await node.api.until(name, isOver, signal))!;
}

export function isReady(pod?: Pod): boolean {
  return pod?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

/** Of the container of that name, of whatever kind. */
export function statusOf(pod: Pod | undefined, name = "main"): ContainerStatus | undefined {
  const {
    containerStatuses = [],
    initContainerStatuses = [],
    ephemeralContainerStatuses = [],
  } = pod?.status ?? {};
  return [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find(
    (one) => one.name === name,
  );
}

/** What a container's first instance wrote, without times and streams. */
export function logOf(node: TestNode, { metadata }: Pod, name = "main"): string {
  const path = `${node.config.podLogsDir}/default_${metadata!.name}_${metadata!.uid}/${name}/0.log`;
  const lines = readFileSync(path, "utf8").split("\n");
  return lines
    .map((line) => line.split(" ").slice(3).join(" "))
    .join("\n")
    .trim();
}

/** `Reason: message` of each Event about a pod. */
export async function eventsOf(node: TestNode, pod: string): Promise<string[]> {
  const { items } = await node.api.list(events, { namespace: "default" });
  return (items as unknown as Event[])
    .filter(({ involvedObject }) => involvedObject.name === pod)
    .map(({ reason, message }) => `${reason}: ${message}`);
}
