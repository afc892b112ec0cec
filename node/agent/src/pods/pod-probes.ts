/** Which of a pod's container instances are probed: those that run, each from its start to its end. */

import type { Pod, PodStatus } from "@knarr/kinds/generated/core-v1.ts";
import type { ContainerInstance, PodRuntime } from "../runtime/pod-runtime.ts";
import { containersOf } from "./containers.ts";
import type { Health } from "./health.ts";
import type { PodServices } from "./pod-services.ts";

export class PodProbes implements Health {
  readonly #services: PodServices;
  readonly #watched = new Set<string>();

  constructor(services: PodServices) {
    this.#services = services;
  }

  /** `status` is the pod's as the API has it: what ran before the agent is as ready as it was. */
  follow(pod: Pod, runtime: PodRuntime, podIPs: readonly string[], status: PodStatus): void {
    const running = new Set<string>();
    for (const { container, kind } of containersOf(pod)) {
      const { startupProbe, readinessProbe, livenessProbe } = container;
      if (kind === "init" || kind === "ephemeral" || !(startupProbe || readinessProbe || livenessProbe))
        continue;
      const instance = runtime.containers.find(
        ({ name, state }) => name === container.name && state === "running",
      );
      if (!instance) continue;
      running.add(instance.id);
      if (this.#watched.has(instance.id)) continue;
      this.#watched.add(instance.id);
      const recovered = this.#recovered(instance, status);
      this.#services.prober.watch({
        pod,
        container,
        containerId: instance.id,
        podIP: podIPs[0] ?? "",
        runtime: this.#services.access,
        startedAt: instance.startedAt,
        ...(recovered && { recovered }),
      });
    }
    for (const id of this.#watched) if (!running.has(id)) this.#unwatch(id);
  }

  started(containerId: string): boolean | undefined {
    return this.#services.prober.health(containerId)?.started;
  }

  ready(containerId: string): boolean | undefined {
    return this.#services.prober.health(containerId)?.ready;
  }

  failed(containerId: string): "liveness" | "startup" | undefined {
    return this.#services.prober.health(containerId)?.failed?.purpose;
  }

  /** The grace period that a failed probe asks for, if it asks for one. */
  graceSeconds(containerId: string): number | undefined {
    return this.#services.prober.health(containerId)?.failed?.probe.terminationGracePeriodSeconds;
  }

  [Symbol.dispose](): void {
    for (const id of this.#watched) this.#unwatch(id);
  }

  #unwatch(id: string): void {
    this.#services.prober.unwatch(id);
    this.#watched.delete(id);
  }

  #recovered(
    instance: ContainerInstance,
    { containerStatuses = [], initContainerStatuses = [] }: PodStatus,
  ): { started: boolean; ready: boolean } | undefined {
    if (instance.startedAt >= this.#services.startedAt) return undefined;
    const id = `containerd://${instance.id}`;
    const known = [...containerStatuses, ...initContainerStatuses].find(
      ({ containerID }) => containerID === id,
    );
    return known && { started: known.started ?? false, ready: known.ready };
  }
}
