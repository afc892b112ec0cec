/**
 * Asks running containers how they are, and says when the answer changes.
 *
 * One instance of a container (one container id) is watched from `watch` to `unwatch`. It starts out not started if it has a
 * startup probe, not ready if it has a readiness probe, and alive; after that, what counts is `successThreshold` or `failureThreshold` equal
 * answers in a row. While a startup probe has not succeeded nothing else is asked. When a liveness or startup probe has failed, that probe
 * rests: the container is to be killed, and its successor is another instance. A container is seldom ready in the moment it starts, so its
 * readiness is asked for again sooner than its period says until it is. Listeners are called after the change is visible in `health`.
 */

import type { Clock } from "@knarr/std/clock.ts";
import type { Probe } from "@knarr/kinds/generated/core-v1.ts";
import type { ProbeResult, ProbeTarget, ProbeType } from "./probe.ts";
import { probeTypes } from "./probes.ts";

export type ProbePurpose = "startup" | "readiness" | "liveness";

export interface ContainerHealth {
  /** The startup probe succeeded, or there is none. */
  readonly started: boolean;
  /** Started, and the readiness probe says so or there is none. */
  readonly ready: boolean;
  /** The liveness or startup probe that failed: the container must be killed, with the probe's own grace period if it has one. */
  readonly failed: { readonly purpose: "liveness" | "startup"; readonly probe: Probe } | undefined;
}

export interface WatchedContainer extends ProbeTarget {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** It was running before the agent was: what was last known of it, so that it does not become unready by our restart. */
  readonly recovered?: { readonly started: boolean; readonly ready: boolean };
}

export interface ProbeListener {
  onHealthChange(container: WatchedContainer, health: ContainerHealth): void;
  /** An Event about the container: `Unhealthy`, `ProbeWarning`; all are warnings. */
  onEvent(container: WatchedContainer, reason: "Unhealthy" | "ProbeWarning", message: string): void;
  /** For metrics: one answer, and how long it took. */
  onAnswer?(container: WatchedContainer, purpose: ProbePurpose, outcome: string, elapsedMs: number): void;
}

export interface ProberOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly listener: ProbeListener;
  readonly types?: readonly ProbeType[];
}

/** Tries of one question that could not be asked, before it waits for its next time. */
const MAX_TRIES = 3;
/** How soon a new container that was not ready yet is asked again; twice as long each time, and never longer than the period. */
const FIRST_RETRY_MS = 500;

export class Prober {
  readonly #options: Required<ProberOptions>;
  readonly #watched = new Map<string, ContainerProbes>();

  constructor(options: ProberOptions) {
    this.#options = { types: probeTypes, ...options };
  }

  /** Starts asking. Nothing happens if this instance is watched already. */
  watch(container: WatchedContainer): void {
    if (this.#watched.has(container.containerId)) return;
    this.#watched.set(container.containerId, new ContainerProbes(container, this.#options));
  }

  /** The container does not run any more. */
  unwatch(containerId: string): void {
    this.#watched.get(containerId)?.stop();
    this.#watched.delete(containerId);
  }

  /** The pod is being deleted: it may be slow or half gone without being killed for it. Readiness goes on. */
  stopLivenessAndStartup(podUid: string): void {
    for (const probes of this.#watched.values())
      if (probes.container.pod.metadata?.uid === podUid) probes.stopLivenessAndStartup();
  }

  /** Undefined for an instance that is not watched. */
  health(containerId: string): ContainerHealth | undefined {
    return this.#watched.get(containerId)?.health;
  }

  [Symbol.dispose](): void {
    for (const containerId of [...this.#watched.keys()]) this.unwatch(containerId);
  }
}

/** The probes of one instance, each in a loop of its own. */
class ContainerProbes {
  readonly container: WatchedContainer;
  readonly #options: Required<ProberOptions>;
  readonly #readiness = new AbortController();
  readonly #others = new AbortController();
  readonly #hasStarted = Promise.withResolvers<void>();
  health: ContainerHealth;

  constructor(container: WatchedContainer, options: Required<ProberOptions>) {
    this.container = container;
    this.#options = options;
    const { startupProbe, readinessProbe, livenessProbe } = container.container;
    const started = !startupProbe || (container.recovered?.started ?? false);
    const ready = started && (!readinessProbe || (container.recovered?.ready ?? false));
    this.health = { started, ready, failed: undefined };
    if (started) this.#hasStarted.resolve();
    else this.#run("startup", startupProbe!, this.#others.signal);
    if (readinessProbe) this.#run("readiness", readinessProbe, this.#readiness.signal);
    if (livenessProbe) this.#run("liveness", livenessProbe, this.#others.signal);
  }

  stop(): void {
    this.#readiness.abort();
    this.#others.abort();
  }

  stopLivenessAndStartup(): void {
    this.#others.abort();
  }

  #run(purpose: ProbePurpose, probe: Probe, signal: AbortSignal): void {
    this.#loop(purpose, probe, signal).catch((err) => {
      if (!signal.aborted) throw err; // a mistake of ours: not to be hidden
    });
  }

  async #loop(purpose: ProbePurpose, probe: Probe, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    const periodMs = Math.max(1, probe.periodSeconds ?? 10) * 1000;
    // After a restart of the agent the probes of all containers would come at once.
    if (this.container.recovered) await clock.sleep(random() * periodMs, signal);
    if (purpose !== "startup") await unlessAborted(this.#hasStarted.promise, signal);
    const initialDelayMs = (probe.initialDelaySeconds ?? 0) * 1000;
    const delayed = this.container.startedAt + initialDelayMs - clock.now();
    if (delayed > 0) await clock.sleep(delayed, signal);

    const run = { outcome: "", length: 0 };
    // Upstream asks whenever it looks at a pod that is not ready, which after a start is each second or so.
    let retryMs = purpose === "readiness" && !this.container.recovered ? FIRST_RETRY_MS : periodMs;
    for (let next = clock.now(); !signal.aborted;) {
      const outcome = await this.#ask(purpose, probe, signal);
      signal.throwIfAborted();
      if (outcome !== "discarded") {
        run.length = run.outcome === outcome ? run.length + 1 : 1;
        run.outcome = outcome;
        if (outcome === "success") retryMs = periodMs;
        const threshold =
          outcome === "success" ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
        if (run.length >= threshold && this.#settle(purpose, probe, outcome) === "done") return;
      }
      // A probe that took longer than its period is asked again at once, and what it missed is not made up for.
      next = Math.max(next + Math.min(retryMs, periodMs), clock.now());
      retryMs *= 2;
      await clock.sleep(next - clock.now(), signal);
    }
  }

  /** Takes a result that counts. A probe is done when its container is to be killed, or has started. */
  #settle(purpose: ProbePurpose, probe: Probe, outcome: "success" | "failure"): "done" | "more" {
    const { started, ready } = this.health;
    const isSuccess = outcome === "success";
    if (purpose === "readiness") {
      this.#become({ started, ready: isSuccess, failed: this.health.failed });
      return "more";
    }
    if (!isSuccess) {
      this.#become({ started, ready, failed: { purpose, probe } });
      return "done";
    }
    if (purpose === "liveness") return "more";
    this.#become({ started: true, ready: !this.container.container.readinessProbe, failed: undefined });
    this.#hasStarted.resolve();
    return "done";
  }

  #become(health: ContainerHealth): void {
    const before = this.health;
    this.health = health;
    if (before.started === health.started && before.ready === health.ready && before.failed === health.failed)
      return;
    this.#options.listener.onHealthChange(this.container, health);
  }

  async #ask(
    purpose: ProbePurpose,
    probe: Probe,
    signal: AbortSignal,
  ): Promise<"success" | "failure" | "discarded"> {
    const { clock, listener } = this.#options;
    const askedAt = clock.now();
    const { outcome, output } = await this.#tryTo(probe, signal);
    signal.throwIfAborted();
    const name = titleOf(purpose);
    switch (outcome) {
      case "unknown":
        listener.onEvent(
          this.container,
          "Unhealthy",
          `${name} probe errored and resulted in unknown state: ${output}`,
        );
        break;
      case "failure":
        listener.onEvent(this.container, "Unhealthy", `${name} probe failed: ${output}`);
        break;
      case "warning":
        listener.onEvent(this.container, "ProbeWarning", `${name} probe warning: ${output}`);
    }
    listener.onAnswer?.(this.container, purpose, outcome, clock.now() - askedAt);
    if (outcome === "unknown") return "discarded";
    return outcome === "failure" ? "failure" : "success";
  }

  async #tryTo(probe: Probe, signal: AbortSignal): Promise<ProbeResult> {
    const type = this.#options.types.find(({ name }) => probe[name] !== undefined);
    const { pod, container } = this.container;
    if (!type) {
      const where = `${pod.metadata?.name}_${pod.metadata?.namespace}(${pod.metadata?.uid}):${container.name}`;
      return { outcome: "unknown", output: `missing probe handler for ${where}` };
    }
    for (let tries = 1; ; tries++) {
      const result = await type.run(probe, this.container, signal);
      if (result.outcome !== "unknown" || tries === MAX_TRIES) return result;
    }
  }
}

/** As it stands at the beginning of an event: `Readiness`. */
function titleOf(purpose: ProbePurpose): string {
  return purpose[0]!.toUpperCase() + purpose.slice(1);
}

async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
