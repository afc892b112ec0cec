/**
 * Ends containers gracefully: preStop hook, then the stop signal, then at the end of the grace period SIGKILL.
 *
 * All at once, but sidecars wait (after their own preStop) until the regular containers and the sidecars after them are gone, as
 * long as there is time: they are ended in the reverse order of their start (KEP-753).
 */

import type { Container, LifecycleHandler, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { runHook } from "../probes/lifecycle.ts";
import { isAlive, type ContainerInstance, type PodRuntime } from "../runtime/pod-runtime.ts";
import { containerOf, initContainersOf } from "./containers.ts";
import type { PodServices } from "./pod-services.ts";

export interface KillOptions {
  /** When grace ends, in milliseconds since the epoch. */
  readonly until: number;
  /** Containers whose preStop hook was run already, by id; those run here are added. */
  readonly preStopped: Set<string>;
  /** For the event; default `Stopping container <name>`. */
  readonly message?: string;
  readonly services: PodServices;
  /** Stops waiting, because somebody wants it done sooner. Throws its reason. */
  readonly signal: AbortSignal;
}

/** Even a pod whose time is over gets this long to end by itself. */
const MIN_GRACE_SECONDS = 2;

/** Resolves when no container of the pod is alive. */
export async function killPodContainers(pod: Pod, runtime: PodRuntime, options: KillOptions): Promise<void> {
  const alive = runtime.containers.filter(isAlive);
  const ended = new Map(alive.map(({ id }) => [id, Promise.withResolvers<void>()]));
  const order = initContainersOf(pod)
    .filter(({ kind }) => kind === "sidecar")
    .map(({ container }) => container.name);
  await Promise.all(
    alive.map(async (instance) => {
      const rank = order.indexOf(instance.name);
      const before = alive.filter(
        ({ name }) => rank >= 0 && (order.indexOf(name) < 0 || order.indexOf(name) > rank),
      );
      const turn = Promise.all(before.map(({ id }) => ended.get(id)!.promise));
      await killContainer(pod, instance, options, turn);
      ended.get(instance.id)!.resolve();
    }),
  );
}

/** Resolves when the container is dead. `turn` is waited for, after preStop, for as long as grace lasts. */
export async function killContainer(
  pod: Pod,
  instance: ContainerInstance,
  options: KillOptions,
  turn: Promise<unknown> = Promise.resolve(),
): Promise<void> {
  const { services, signal } = options;
  const { clock } = services;
  const container = containerOf(pod, instance.name);
  if (!options.preStopped.has(instance.id)) {
    options.preStopped.add(instance.id);
    const message = options.message ?? `Stopping container ${instance.name}`;
    services.event(pod, "Normal", "Killing", message, container?.fieldPath);
    if (instance.state === "running" && options.until > clock.now())
      await runPreStop(pod, instance, container?.container, options);
  }
  await within(turn, options);
  signal.throwIfAborted();
  const secondsLeft = Math.ceil((options.until - clock.now()) / 1000);
  await services.runtime.stopContainer(instance.id, Math.max(secondsLeft, MIN_GRACE_SECONDS), signal);
}

async function runPreStop(
  pod: Pod,
  instance: ContainerInstance,
  container: Container | undefined,
  options: KillOptions,
): Promise<void> {
  const handler =
    container?.lifecycle?.preStop ??
    (instance.preStop ? (JSON.parse(instance.preStop) as LifecycleHandler) : undefined);
  if (!handler) return;
  const { services, signal } = options;
  const { clock, access, state } = services;
  const podIP = state.pod(pod.metadata!.uid!)?.sandboxes[0]?.ips[0] ?? services.config.nodeIPs[0] ?? "";
  const target = {
    pod,
    container: container ?? { name: instance.name },
    containerId: instance.id,
    podIP,
    runtime: access,
  };
  const over = new AbortController();
  const timeoutMs = options.until - clock.now();
  const hook = runHook(handler, target, { clock, timeoutMs }, AbortSignal.any([signal, over.signal]));
  const failed = hook.catch(() => {
    if (signal.aborted || over.signal.aborted) return;
    services.event(
      pod,
      "Warning",
      "FailedPreStopHook",
      "PreStopHook failed",
      containerOf(pod, instance.name)?.fieldPath,
    );
  });
  await within(failed, options);
  over.abort(new Error("the grace period is over"));
}

/** Waits for `promise`, but not past the grace period. */
async function within(
  promise: Promise<unknown>,
  { until, services: { clock }, signal }: KillOptions,
): Promise<void> {
  const done = new AbortController();
  const late = clock
    .sleep(Math.max(0, until - clock.now()), AbortSignal.any([signal, done.signal]))
    .catch(() => {}); // settled below
  await Promise.race([promise, late]);
  done.abort();
  signal.throwIfAborted();
}
