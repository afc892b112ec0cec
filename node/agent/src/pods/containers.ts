/** What a pod's spec says about its containers and their restarting. Pure. */

import { createHash } from "node:crypto";
import type { Container, EphemeralContainer, Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { ContainerInstance } from "../runtime/pod-runtime.ts";

export type ContainerKind = "init" | "sidecar" | "regular" | "ephemeral";

export interface PodContainer {
  readonly kind: ContainerKind;
  readonly container: Container;
  /** As Events name it: `spec.containers{web}`. */
  readonly fieldPath: string;
}

/** All containers of a pod, in the order they are started. */
export function containersOf({ spec }: Pod): readonly PodContainer[] {
  return [
    ...initContainersOf({ spec } as Pod),
    ...(spec?.containers ?? []).map((container): PodContainer => ({
      kind: "regular",
      container,
      fieldPath: `spec.containers{${container.name}}`,
    })),
    ...(spec?.ephemeralContainers ?? []).map((container): PodContainer => ({
      kind: "ephemeral",
      container: container as EphemeralContainer & Container,
      fieldPath: `spec.ephemeralContainers{${container.name}}`,
    })),
  ];
}

export function initContainersOf({ spec }: Pod): readonly PodContainer[] {
  return (spec?.initContainers ?? []).map((container) => ({
    kind: isSidecar(container) ? "sidecar" : "init",
    container,
    fieldPath: `spec.initContainers{${container.name}}`,
  }));
}

export function containerOf(pod: Pod, name: string): PodContainer | undefined {
  return containersOf(pod).find(({ container }) => container.name === name);
}

/** An init container that runs for as long as the pod does. */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === "Always";
}

/** What a change of makes a container start anew: its image (and its name, which cannot change). */
export function containerHash({ name, image = "" }: Container): string {
  return createHash("sha256")
    .update(JSON.stringify([name, image]))
    .digest("hex")
    .slice(0, 16);
}

/** Whether a container that ended is started again, by its own rules and policy or else the pod's. */
export function restartsAfter(pod: Pod, container: Container, exitCode: number): boolean {
  for (const { action, exitCodes } of container.restartPolicyRules ?? []) {
    const listed = exitCodes?.values?.includes(exitCode) ?? false;
    if (exitCodes && listed === (exitCodes.operator === "In")) return action === "Restart";
  }
  switch (container.restartPolicy ?? pod.spec?.restartPolicy ?? "Always") {
    case "Always":
      return true;
    case "OnFailure":
      return exitCode !== 0;
    default:
      return false;
  }
}

/** Whether a container that does not run is to be started (again): never started, stuck, or ended and restarted by its policy. */
export function shouldStart(
  pod: Pod,
  container: Container,
  instance: ContainerInstance | undefined,
): boolean {
  if (pod.metadata?.deletionTimestamp) return false;
  if (!instance) return true;
  if (instance.state === "running") return false;
  if (instance.state !== "exited") return true;
  return restartsAfter(pod, container, instance.exitCode);
}

/** `web_default(6c84fb90-…)`: how upstream's messages name a pod. */
export function describePod({ metadata = {} }: Pod): string {
  return `${metadata.name}_${metadata.namespace}(${metadata.uid})`;
}
