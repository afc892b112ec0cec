/**
 * What to do next for a pod that should run: pure, from what is wanted and what the runtime has.
 *
 * Level-based: nobody remembers what was done before. A plan is a first step; after it is carried out, the runtime is
 * looked at and a new plan made, until it is empty. Order in the life of a pod: sandbox, then init containers one by
 * one (a sidecar counts as done when it has started), then all containers; ephemeral ones whenever there is a sandbox.
 */

import type { Container, Pod } from "@knarr/kinds/generated/core-v1.ts";
import {
  newest,
  usableSandbox,
  type ContainerInstance,
  type PodRuntime,
  type Sandbox,
} from "../runtime/pod-runtime.ts";
import {
  containerHash,
  containersOf,
  initContainersOf,
  shouldStart,
  type PodContainer,
} from "./containers.ts";
import type { Health } from "./health.ts";

export interface Plan {
  /** Everything of the pod that runs goes, sandboxes too. */
  readonly killPod: boolean;
  readonly createSandbox: { readonly attempt: number } | undefined;
  readonly sandbox: Sandbox | undefined;
  readonly kill: readonly Kill[];
  /** In order. A regular init container that cannot be started holds up what comes after it. */
  readonly start: readonly PodContainer[];
}

export interface Kill {
  readonly instance: ContainerInstance;
  readonly container: Container;
  readonly message: string;
  readonly reason: "liveness" | "startup" | "changed" | "unknown";
}

const nothing: Plan = { killPod: false, createSandbox: undefined, sandbox: undefined, kill: [], start: [] };

export function planPod(pod: Pod, runtime: PodRuntime, health: Health): Plan {
  const sandbox = usableSandbox(runtime, pod.spec?.hostNetwork ?? false);
  return sandbox ? planContainers(pod, runtime, sandbox, health) : planSandbox(pod, runtime);
}

function planSandbox(pod: Pod, runtime: PodRuntime): Plan {
  const [last] = runtime.sandboxes;
  const attempt = last ? last.attempt + 1 : 0;
  const hadContainers = runtime.containers.length > 0;
  const giveUp: Plan = { ...nothing, killPod: last !== undefined };
  const regular = containersOf(pod).filter(({ kind }) => kind === "regular");
  const mayRestart =
    pod.spec?.restartPolicy !== "Never" ||
    regular.some(({ container }) => container.restartPolicy || container.restartPolicyRules?.length);
  if (!mayRestart && attempt !== 0 && hadContainers) return giveUp;
  const start = regular.filter(({ container }) => {
    const instance = newest(runtime, container.name);
    return (
      !instance || instance.state !== "exited" || instance.exitCode !== 0 || restartsOnSuccess(pod, container)
    );
  });
  const wasInitialized = regular.some(({ container }) => newest(runtime, container.name));
  if (start.length === 0 && wasInitialized) return giveUp;
  return { ...nothing, killPod: last !== undefined, createSandbox: { attempt } };
}

function restartsOnSuccess(pod: Pod, container: Container): boolean {
  return (container.restartPolicy ?? pod.spec?.restartPolicy ?? "Always") === "Always";
}

function planContainers(pod: Pod, runtime: PodRuntime, sandbox: Sandbox, health: Health): Plan {
  const ephemeral = containersOf(pod).filter(
    ({ kind, container }) => kind === "ephemeral" && !newest(runtime, container.name),
  );
  const init = planInit(pod, runtime, sandbox, health);
  if (init.failed) return { ...nothing, sandbox, killPod: true };
  if (!init.done) return { ...nothing, sandbox, kill: init.kill, start: [...ephemeral, ...init.start] };

  const kill = [...init.kill];
  const start: PodContainer[] = [];
  let kept = 0;
  for (const wanted of containersOf(pod)) {
    if (wanted.kind !== "regular") continue;
    const { container } = wanted;
    const instance = newest(runtime, container.name);
    if (instance?.state !== "running") {
      if (!shouldStart(pod, container, instance)) continue;
      if (instance?.state === "unknown") kill.push(killUnknown(instance, container));
      start.push(wanted);
      continue;
    }
    const doomed = doom(instance, container, health, "Container");
    if (!doomed) {
      kept++;
      continue;
    }
    const policy = container.restartPolicy ?? pod.spec?.restartPolicy ?? "Always";
    const restart = doomed.reason === "changed" || policy !== "Never";
    kill.push({ ...doomed, message: restart ? `${doomed.message}, will be restarted` : doomed.message });
    if (restart) start.push(wanted);
  }
  // Sidecars alone do not keep a pod alive
  if (kept === 0 && start.length === 0) return { ...nothing, sandbox, kill, killPod: true };
  return { ...nothing, sandbox, kill, start: [...ephemeral, ...init.start, ...start] };
}

interface InitPlan {
  readonly done: boolean;
  readonly failed: boolean;
  readonly kill: readonly Kill[];
  readonly start: readonly PodContainer[];
}

/** What runs before the containers, judged by what happened in this sandbox alone: a new sandbox begins anew. */
function planInit(pod: Pod, runtime: PodRuntime, sandbox: Sandbox, health: Health): InitPlan {
  const here = runtime.containers.filter(({ sandboxId }) => sandboxId === sandbox.id);
  const instanceOf = (name: string) => here.find((instance) => instance.name === name);
  const initialized = (pod.spec?.containers ?? []).some(({ name }) => instanceOf(name));
  const kill: Kill[] = [];
  const start: PodContainer[] = [];
  for (const wanted of initContainersOf(pod)) {
    const { container, kind } = wanted;
    const instance = instanceOf(container.name);
    if (kind === "init") {
      if (initialized || (instance?.state === "exited" && instance.exitCode === 0)) continue;
      if (instance?.state === "exited" && !shouldStart(pod, container, instance))
        return { done: false, failed: true, kill: [], start: [] };
      if (instance?.state !== "running") start.push(wanted);
      return { done: false, failed: false, kill, start };
    }
    if (instance?.state !== "running") {
      start.push(wanted);
    } else {
      const doomed = doom(instance, container, health, "Init container");
      if (doomed) {
        kill.push(doomed);
        start.push(wanted);
      }
    }
    if (!initialized && !(instance?.state === "running" && hasStarted(instance, container, health)))
      return { done: false, failed: false, kill, start };
  }
  return { done: true, failed: false, kill, start };
}

function hasStarted(instance: ContainerInstance, container: Container, health: Health): boolean {
  return !container.startupProbe || health.started(instance.id) === true;
}

/** Why a running container must go, if it must. */
function doom(
  instance: ContainerInstance,
  container: Container,
  health: Health,
  what: string,
): Kill | undefined {
  if (instance.hash !== "" && instance.hash !== containerHash(container))
    return {
      instance,
      container,
      message: `${what} ${container.name} definition changed`,
      reason: "changed",
    };
  const reason = health.failed(instance.id);
  if (reason === undefined) return undefined;
  return { instance, container, message: `${what} ${container.name} failed ${reason} probe`, reason };
}

function killUnknown(instance: ContainerInstance, container: Container): Kill {
  const message = 'Container is in "unknown" state, try killing it before restart';
  return { instance, container, message, reason: "unknown" };
}
