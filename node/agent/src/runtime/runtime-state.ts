/**
 * The runtime's pods as last seen: what every decision about a pod starts from.
 *
 * A pod is looked at again (`refresh`) after each change the agent makes, and when containerd says that one of its
 * containers ended; everything is compared now and then (`relist`), for what was missed. Subscribers hear of a pod
 * whose state differs from what they were told before. Per pod, looks are serial, so an older answer never replaces a
 * newer one. Nothing here is kept over a restart: the first relist finds all of it again.
 */

import type * as cri from "@knarr/cri/generated/cri-v1.ts";
import type { RuntimeClient } from "@knarr/cri/runtime-client.ts";
import { runtimeEvents } from "@knarr/cri/runtime-events.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import * as labels from "./labels.ts";
import {
  emptyRuntime,
  isAlive,
  type ContainerInstance,
  type PodRuntime,
  type Sandbox,
} from "./pod-runtime.ts";
import { terminationMessage } from "./termination-message.ts";

export interface RuntimeStateOptions {
  readonly runtime: RuntimeClient;
  /** containerd's, for events; CRI is reached by `runtime`. */
  readonly socket: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** With events flowing, a look at everything is only for what they missed; without, it is all there is. */
const RELIST_MS = 30_000;
const RELIST_WITHOUT_EVENTS_MS = 1_000;
/** 128 + SIGKILL. */
const KILLED = 137;
/** How long the reason for an exit may lag behind the exit. */
const LATE_REASON_MS = 100;
/** How long CRI's own state may lag behind an event before the periodic relist has to find out. */
const SETTLE_MS = 10_000;

export class RuntimeState {
  readonly #options: RuntimeStateOptions;
  readonly #pods = new Map<string, PodRuntime>();
  readonly #podOfContainer = new Map<string, string>();
  readonly #subscribers = new Set<(uid: string) => void>();
  readonly #looking = new Map<string, Promise<PodRuntime>>();
  /** Containers that an OOM event named: on cgroup v1 the runtime may not have noticed when they exit. */
  readonly #oomKilled = new Set<string>();

  constructor(options: RuntimeStateOptions) {
    this.#options = options;
  }

  pod(uid: string): PodRuntime | undefined {
    return this.#pods.get(uid);
  }

  pods(): readonly PodRuntime[] {
    return [...this.#pods.values()];
  }

  subscribe(subscriber: (uid: string) => void): Disposable {
    this.#subscribers.add(subscriber);
    return { [Symbol.dispose]: () => void this.#subscribers.delete(subscriber) };
  }

  /** Asks the runtime about one pod, after any question about it that is under way. */
  refresh(uid: string): Promise<PodRuntime> {
    const before = this.#looking.get(uid)?.catch(() => undefined) ?? Promise.resolve();
    const look = before.then(() => this.#look(uid));
    this.#looking.set(uid, look);
    const forget = () => {
      if (this.#looking.get(uid) === look) this.#looking.delete(uid);
    };
    look.then(forget, forget);
    return look;
  }

  /** Compares everything and looks closer at the pods that differ. */
  async relist(): Promise<void> {
    const { runtime } = this.#options;
    const [sandboxes, containers] = await Promise.all([runtime.listPodSandboxes(), runtime.listContainers()]);
    const seen = new Map<string, string[]>();
    for (const { id, state, labels: names } of sandboxes)
      seen.getOrInsert(names[labels.POD_UID] ?? "", []).push(`${id} ${state === "SANDBOX_READY"}`);
    for (const { id, state, labels: names } of containers)
      seen.getOrInsert(names[labels.POD_UID] ?? "", []).push(`${id} ${stateOf(state)}`);
    seen.delete(""); // not made by an agent
    const differing = new Set<string>();
    for (const [uid, lines] of seen) if (lines.sort().join() !== this.#signature(uid)) differing.add(uid);
    for (const uid of this.#pods.keys()) if (!seen.has(uid)) differing.add(uid);
    await Promise.all([...differing].map((uid) => this.refresh(uid)));
  }

  /** Follows events and relists until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    let following = false;
    const relisting = (async () => {
      while (!signal.aborted) {
        await clock.sleep(following ? RELIST_MS : RELIST_WITHOUT_EVENTS_MS, signal).catch(() => undefined); // aborted
        if (!signal.aborted)
          await this.relist().catch((err) => log.error("Could not list containers", { err }));
      }
    })();
    while (!signal.aborted) {
      try {
        following = true;
        await this.#follow(signal);
      } catch (err) {
        following = false;
        if (!signal.aborted) log.info("Lost containerd's events", { err });
        await clock.sleep(200, signal).catch(() => undefined); // aborted
      }
    }
    await relisting;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    for await (const event of runtimeEvents(this.#options.socket, signal)) {
      if (event.type === "oom") this.#oomKilled.add(event.id);
      else
        void this.#settle(event.id, signal).catch((err) =>
          this.#options.log.info("Could not look at container", { err }),
        );
    }
  }

  /** CRI learns of an exit from the same event as we do: asks until it has it. */
  async #settle(id: string, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const until = clock.now() + SETTLE_MS;
    for (let wait = 2; !signal.aborted && clock.now() < until; wait = Math.min(wait * 2, 500)) {
      if (!this.#podOfContainer.has(id)) await this.relist();
      const uid = this.#podOfContainer.get(id);
      if (uid === undefined) return; // not of a pod, or removed already
      const { containers, sandboxes } = await this.refresh(uid);
      const stillUp =
        containers.some((container) => container.id === id && isAlive(container)) ||
        sandboxes.some((sandbox) => sandbox.id === id && sandbox.ready);
      if (!stillUp) return;
      await clock.sleep(wait, signal).catch(() => undefined); // aborted
    }
  }

  async #look(uid: string): Promise<PodRuntime> {
    const { runtime } = this.#options;
    const labelSelector = { [labels.POD_UID]: uid };
    const [sandboxes, containers] = await Promise.all([
      runtime.listPodSandboxes({ labelSelector }),
      runtime.listContainers({ labelSelector }),
    ]);
    const before = this.#pods.get(uid);
    const [newSandboxes, newContainers] = await Promise.all([
      Promise.all(sandboxes.map((sandbox) => this.#sandbox(sandbox, before))),
      Promise.all(containers.map((container) => this.#container(container, before))),
    ]);
    const any = sandboxes[0]?.labels ?? containers[0]?.labels ?? {};
    const after: PodRuntime = {
      ...emptyRuntime({ uid, name: any[labels.POD_NAME] ?? "", namespace: any[labels.POD_NAMESPACE] ?? "" }),
      sandboxes: newSandboxes.filter((sandbox) => sandbox !== undefined).sort(newestFirst),
      containers: newContainers.filter((container) => container !== undefined).sort(newestFirst),
    };
    this.#put(uid, before, after);
    return after;
  }

  #put(uid: string, before: PodRuntime | undefined, after: PodRuntime): void {
    const signature = this.#signature(uid);
    for (const { id } of [...(before?.containers ?? []), ...(before?.sandboxes ?? [])])
      this.#podOfContainer.delete(id);
    for (const { id } of [...after.containers, ...after.sandboxes]) this.#podOfContainer.set(id, uid);
    if (after.containers.length || after.sandboxes.length) this.#pods.set(uid, after);
    else this.#pods.delete(uid);
    if (this.#signature(uid) !== signature) for (const subscriber of this.#subscribers) subscriber(uid);
  }

  async #sandbox(sandbox: cri.PodSandbox, before?: PodRuntime): Promise<Sandbox | undefined> {
    const ready = sandbox.state === "SANDBOX_READY";
    const known = before?.sandboxes.find(({ id }) => id === sandbox.id);
    if (known) return known.ready === ready ? known : { ...known, ready };
    const status = await this.#options.runtime.podSandboxStatus(sandbox.id);
    if (!status) return undefined; // removed meanwhile
    const ips = [status.network?.ip, ...(status.network?.additionalIps ?? []).map(({ ip }) => ip)];
    return {
      id: sandbox.id,
      ready,
      attempt: sandbox.metadata?.attempt ?? 0,
      createdAt: milliseconds(sandbox.createdAt),
      hostNetwork: status.linux?.namespaces?.options?.network === "NODE",
      ips: ips.filter((ip): ip is string => Boolean(ip)),
    };
  }

  async #container(container: cri.Container, before?: PodRuntime): Promise<ContainerInstance | undefined> {
    const known = before?.containers.find(({ id }) => id === container.id);
    if (known && known.state === stateOf(container.state)) return known;
    const status = await this.#statusOf(container.id);
    if (!status) return undefined; // removed meanwhile
    const state = stateOf(status.state);
    const { annotations } = status;
    const messagePath = annotations[labels.TERMINATION_MESSAGE_PATH];
    const message =
      state === "exited"
        ? await terminationMessage({
            messageFile: status.mounts.find(({ containerPath }) => containerPath === messagePath)?.hostPath,
            policy: annotations[labels.TERMINATION_MESSAGE_POLICY] ?? "",
            logPath: status.logPath,
            exitCode: status.exitCode,
          })
        : "";
    const oomKilled = state === "exited" && this.#oomKilled.delete(container.id) && status.reason === "Error";
    return {
      id: status.id,
      name: status.metadata?.name ?? "",
      sandboxId: container.podSandboxId,
      state,
      createdAt: milliseconds(status.createdAt),
      startedAt: milliseconds(status.startedAt),
      finishedAt: milliseconds(status.finishedAt),
      exitCode: status.exitCode,
      reason: oomKilled ? "OOMKilled" : status.reason,
      message: message || status.message,
      image: status.image?.image ?? "",
      imageRef: status.imageRef,
      restartCount: Number(annotations[labels.RESTART_COUNT] ?? status.metadata?.attempt ?? 0),
      hash: annotations[labels.CONTAINER_HASH] ?? "",
      crashes: Number(annotations[labels.CRASHES] ?? 0),
      logPath: status.logPath,
      gracePeriodSeconds: Number(annotations[labels.POD_GRACE_PERIOD] ?? 30),
      preStop: annotations[labels.PRE_STOP] ?? "",
    };
  }

  /** On cgroup v1 an exit can be told before the reason for it: one that looks killed is looked at again. */
  async #statusOf(id: string): Promise<cri.ContainerStatus | undefined> {
    const { runtime, clock } = this.#options;
    const status = await runtime.containerStatus(id);
    const isKilled =
      status && stateOf(status.state) === "exited" && status.exitCode === KILLED && status.reason === "Error";
    if (!isKilled || this.#oomKilled.has(id)) return status;
    await clock.sleep(LATE_REASON_MS);
    return runtime.containerStatus(id);
  }

  #signature(uid: string): string {
    const pod = this.#pods.get(uid);
    if (!pod) return "";
    return [
      ...pod.sandboxes.map(({ id, ready }) => `${id} ${ready}`),
      ...pod.containers.map(({ id, state }) => `${id} ${state}`),
    ]
      .sort()
      .join();
  }
}

function stateOf(state: cri.ContainerState): ContainerInstance["state"] {
  switch (state) {
    case "CONTAINER_CREATED":
      return "created";
    case "CONTAINER_RUNNING":
      return "running";
    case "CONTAINER_EXITED":
      return "exited";
    case "CONTAINER_UNKNOWN":
      return "unknown";
  }
}

function milliseconds(nanoseconds: number): number {
  return Math.floor(nanoseconds / 1e6);
}

function newestFirst(one: { readonly createdAt: number }, other: { readonly createdAt: number }): number {
  return other.createdAt - one.createdAt;
}
