/**
 * Makes one pod be on this node what it should be, from its first sight to its last trace. One step at a time, never two at once.
 *
 * Level-driven: each `#sync` looks at the pod as the API has it, at what the runtime and the disk have, and does what is missing.
 * What is kept here between two of them is either a copy of something outside, or may be lost (why a container waits; which hooks were run).
 *
 * A pod is either kept (`#keep`) or ended (`#end`), and once it is to be ended it is never kept again. What takes long (pulls, hooks, grace) is
 * broken off when the pod is to end, or to end sooner.
 */

import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { keyOf, type ApiObject } from "@knarr/machinery/object.ts";
import { isConflict, isNotFound } from "@knarr/machinery/status.ts";
import { emptyRuntime, isAlive, newest, type PodRuntime, type Sandbox } from "../runtime/pod-runtime.ts";
import { pods } from "@knarr/client/named-resources.ts";
import { PodVolumes, VolumesNotReady } from "../volumes/pod-volumes.ts";
import { hasAppArmor, refusalOf } from "./admission.ts";
import { isSame } from "./status-writer.ts";
import type { WaitingReason } from "./container-statuses.ts";
import { describePod, type PodContainer } from "./containers.ts";
import { crashLoop, goDuration } from "./crash-loop.ts";
import { killContainer, killPodContainers } from "./kill-containers.ts";
import { planPod, type Kill, type Plan } from "./plan.ts";
import { PodProbes } from "./pod-probes.ts";
import { removeRemains } from "./pod-remains.ts";
import type { PodServices } from "./pod-services.ts";
import { createSandbox, podDirectoryOf, sandboxConfigOf, writeHostsFile } from "./pod-sandbox.ts";
import { startContainer } from "./start-container.ts";
import { StartFailure } from "./start-failure.ts";
import { podStatus, type PodFacts, type Verdict } from "./status.ts";

/** Even when nothing tells of a change, a pod is looked at this often. */
const RESYNC_MS = 60_000;
/** A step that failed is tried again after so long, doubling. */
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 10_000;
/** More steps than this in one sync means that plans do not converge. */
const MAX_STEPS = 100;

export class PodWorker {
  readonly uid: string;
  readonly #services: PodServices;
  readonly #probes: PodProbes;
  readonly #volumes: PodVolumes;
  readonly #waiting = new Map<string, WaitingReason>();
  readonly #preStopped = new Set<string>();
  /** The pod as last seen, also when the API has it no more. */
  #pod: Pod;
  #inApi: boolean;
  #verdict: Verdict | undefined;
  #isAdmitted = false;
  #isTornDown = false;
  #isRemoved = false;
  #isKeeping = false;
  #graceUntil = Infinity;
  #endsSince = 0;
  #volumesAreStale = true;
  #volumesWereReady = false;
  /** When a token in a volume must be renewed. */
  #volumesDueAt = Infinity;
  #failures = 0;
  #againAt = Infinity;
  #isDirty = true;
  #wakeUp: () => void = () => {};
  #interruption = new AbortController();

  constructor(pod: Pod, services: PodServices, { inApi }: { readonly inApi: boolean }) {
    this.uid = pod.metadata!.uid!;
    this.#pod = pod;
    this.#inApi = inApi;
    this.#services = services;
    this.#probes = new PodProbes(services);
    this.#volumes = new PodVolumes(podDirectoryOf(pod, services));
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** Its containers count against the node: it is not over, nor refused. */
  get isActive(): boolean {
    const { phase } = this.#services.statuses.latest(this.#pod);
    return (
      this.#isAdmitted &&
      this.#verdict === undefined &&
      phase !== "Succeeded" &&
      phase !== "Failed" &&
      !this.#isTornDown
    );
  }

  /** The API's newest state; undefined: it has the pod no more. */
  update(pod: Pod | undefined): void {
    const before = this.#pod;
    if (pod) {
      this.#pod = pod;
      if (
        !isSame(
          [before.spec, before.metadata?.labels, before.metadata?.annotations],
          [pod.spec, pod.metadata?.labels, pod.metadata?.annotations],
        )
      )
        this.#volumesAreStale = true;
    }
    this.#inApi = pod !== undefined;
    const grace = (of: Pod) =>
      of.metadata?.deletionTimestamp ? (of.metadata.deletionGracePeriodSeconds ?? 0) : Infinity;
    const endsSooner = pod ? grace(pod) < grace(before) : grace(before) === Infinity;
    if (endsSooner) this.#interruption.abort(new Error("the pod is to end"));
    this.wake();
  }

  /** An object that the pod refers to changed. */
  refresh(): void {
    this.#volumesAreStale = true;
    this.wake();
  }

  /** Its containers, or their health, changed: that shows at once, also while something longer is under way. */
  observe(): void {
    // While it is kept, a container that runs its postStart hook would seem to be up already
    if (this.#inApi && !this.#isRemoved && !this.#isKeeping) this.#report();
    this.wake();
  }

  wake(): void {
    this.#isDirty = true;
    this.#wakeUp();
  }

  /** Resolves when nothing of the pod is left, or the signal aborts (which leaves everything as it is). */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#services;
    using _probes = this.#probes;
    while (!signal.aborted) {
      await this.#untilDue(signal);
      if (signal.aborted) return;
      this.#isDirty = false;
      this.#againAt = clock.now() + RESYNC_MS;
      this.#interruption = new AbortController();
      try {
        if (await this.#sync(AbortSignal.any([signal, this.#interruption.signal]))) return;
        this.#failures = 0;
      } catch (err) {
        if (signal.aborted) return;
        if (this.#interruption.signal.aborted) this.#isDirty = true;
        else {
          this.#again(Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, MAX_RETRY_MS));
          log.error("Could not sync pod", { pod: describePod(this.#pod), err });
        }
      }
    }
  }

  async #untilDue(signal: AbortSignal): Promise<void> {
    const { clock } = this.#services;
    const woken = new AbortController();
    this.#wakeUp = () => woken.abort();
    const wait = this.#againAt - clock.now();
    if (!this.#isDirty && wait > 0)
      await clock.sleep(wait, AbortSignal.any([signal, woken.signal])).catch(() => {}); // woken
  }

  #again(ms: number): void {
    this.#againAt = Math.min(this.#againAt, this.#services.clock.now() + ms);
  }

  /** True when nothing is left to do, ever. */
  async #sync(signal: AbortSignal): Promise<boolean> {
    if (this.#pod.metadata?.deletionTimestamp || !this.#inApi || this.#verdict)
      return await this.#end(signal);
    const { phase } = this.#services.statuses.latest(this.#pod);
    if (phase === "Succeeded" || phase === "Failed") return await this.#end(signal);
    await this.#judge();
    if (this.#verdict) return await this.#end(signal);
    this.#isKeeping = true;
    await this.#keep(signal).finally(() => (this.#isKeeping = false));
    return false;
  }

  get #runtime(): PodRuntime {
    const { name = "", namespace = "" } = this.#pod.metadata ?? {};
    return this.#services.state.pod(this.uid) ?? emptyRuntime({ uid: this.uid, name, namespace });
  }

  /** Whether the node must end the pod: it does not fit here, or its time is over. */
  async #judge(): Promise<void> {
    const services = this.#services;
    const pod = this.#pod;
    if (!this.#isAdmitted && this.#runtime.sandboxes.length === 0) {
      const others = services.activePods().filter(({ metadata }) => metadata?.uid !== this.uid);
      let refusal = refusalOf(pod, services.node(), others, { appArmor: hasAppArmor });
      // A label that was just put on the node may not have come this way yet
      if (refusal?.reason === "NodeAffinity")
        refusal = refusalOf(pod, await services.currentNode(), others, { appArmor: hasAppArmor });
      if (refusal) {
        services.event(pod, "Warning", refusal.reason, refusal.message.replace("Pod was rejected: ", ""));
        this.#verdict = refusal;
        return;
      }
    }
    this.#isAdmitted = true;
    const { startTime } = services.statuses.latest(pod);
    const seconds = pod.spec?.activeDeadlineSeconds;
    if (seconds === undefined || startTime === undefined) return;
    const left = Date.parse(startTime) + seconds * 1000 - services.clock.now();
    if (left > 0) return this.#again(left);
    const message = "Pod was active on the node longer than the specified deadline";
    services.event(pod, "Normal", "DeadlineExceeded", message);
    this.#verdict = { reason: "DeadlineExceeded", message };
  }

  // Keeping

  async #keep(signal: AbortSignal): Promise<void> {
    this.#report();
    if (this.#volumesDueAt <= this.#services.clock.now()) this.#volumesAreStale = true;
    await this.#services.references.use(this.#pod, signal);
    const tried = new Set<string>();
    for (let step = 0; step < MAX_STEPS; step++) {
      signal.throwIfAborted();
      const runtime = this.#runtime;
      const plan = planPod(this.#pod, runtime, this.#probes);
      this.#probes.follow(
        this.#pod,
        runtime,
        this.#podIPs(runtime),
        this.#services.statuses.latest(this.#pod),
      );
      if (!(await this.#carryOut(plan, runtime, tried, signal))) break;
      await this.#services.state.refresh(this.uid);
      this.#report();
    }
    this.#again(this.#volumesDueAt - this.#services.clock.now());
    this.#report();
  }

  /** True when something was done, and it is worth looking again. */
  async #carryOut(
    plan: Plan,
    runtime: PodRuntime,
    tried: Set<string>,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (plan.killPod && (runtime.containers.some(isAlive) || runtime.sandboxes.some(({ ready }) => ready))) {
      if (plan.createSandbox)
        this.#services.event(
          this.#pod,
          "Normal",
          "SandboxChanged",
          "Pod sandbox changed, it will be killed and re-created.",
        );
      await this.#killAll(runtime, signal);
      return true;
    }
    await Promise.all(plan.kill.map((kill) => this.#kill(kill, signal)));
    if (plan.createSandbox) {
      await this.#setUpVolumes(signal);
      await createSandbox(this.#pod, plan.createSandbox.attempt, this.#services);
      return true;
    }
    if (!plan.sandbox) return plan.kill.length > 0;
    const started = await this.#startAll(plan.start, plan.sandbox, runtime, tried, signal);
    if (plan.start.length === 0) await this.#setUpVolumes(signal); // those that follow their objects
    return started || plan.kill.length > 0;
  }

  async #setUpVolumes(signal: AbortSignal): Promise<void> {
    if (!this.#volumesAreStale) return;
    const services = this.#services;
    const pod = this.#pod;
    signal.throwIfAborted();
    this.#volumesAreStale = false;
    try {
      const { refreshInMs } = await this.#volumes.setUp(pod, {
        node: services.node(),
        configMap: (key) => services.references.configMap(key),
        secret: (key) => services.references.secret(key),
        serviceAccountToken: (wish) => services.tokens.get(pod, wish),
        podIPs: this.#podIPs(this.#runtime),
        hostIPs: services.config.nodeIPs,
      });
      if (refreshInMs !== undefined)
        setTimeout(() => this.refresh(), Math.min(refreshInMs, 2 ** 31 - 1)).unref();
    } catch (err) {
      this.#volumesAreStale = true;
      if (err instanceof VolumesNotReady)
        for (const message of err.messages) services.event(pod, "Warning", "FailedMount", message);
      // What was there once is there still, if not up to date: an object that was deleted does not take its pods along
      if (!this.#volumesWereReady) throw err;
      this.#again(MAX_RETRY_MS);
    }
  }

  /** True when a container was started. Each is tried once in a sync. */
  async #startAll(
    wanted: readonly PodContainer[],
    sandbox: Sandbox,
    runtime: PodRuntime,
    tried: Set<string>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const due = wanted.filter(
      ({ container }) => !tried.has(container.name) && !this.#isBackingOff(container.name, runtime),
    );
    if (due.length === 0) return false;
    if (await this.#removeUnstarted(due, runtime)) return true;
    await this.#setUpVolumes(signal);
    const context = await this.#startContext(sandbox, runtime, signal);
    let started = false;
    for (const one of due) {
      signal.throwIfAborted();
      const { name } = one.container;
      tried.add(name);
      try {
        await startContainer(one, context);
        this.#waiting.delete(name);
        started = true;
        // A container that starts is seen at once, not when its slower siblings are done
        if (due.length > 1) {
          await this.#services.state.refresh(this.uid);
          this.#report();
        }
      } catch (err) {
        if (!(err instanceof StartFailure)) throw err;
        this.#waiting.set(name, { reason: err.reason, message: err.message });
        this.#again(err.retryAt === undefined ? MAX_RETRY_MS : err.retryAt - this.#services.clock.now());
        await this.#services.state.refresh(this.uid);
        this.#report();
        if (one.kind === "init") break;
      }
    }
    return started;
  }

  /** Instances that were created and never started: an agent died in between. True when there were some. */
  async #removeUnstarted(due: readonly PodContainer[], runtime: PodRuntime): Promise<boolean> {
    const names = new Set(due.map(({ container }) => container.name));
    const unstarted = runtime.containers.filter(({ name, state }) => state === "created" && names.has(name));
    for (const { id } of unstarted) await this.#services.runtime.removeContainer(id);
    return unstarted.length > 0;
  }

  /** A container that ended waits longer each time; says so while it does. */
  #isBackingOff(name: string, runtime: PodRuntime): boolean {
    const last = newest(runtime, name);
    if (last?.state !== "exited") return false;
    // It was tried in a sandbox that was just going down, which is not its fault
    if (last.reason === "StartError" && last.sandboxId !== runtime.sandboxes[0]?.id) return false;
    const { notBefore, delayMs } = crashLoop(last);
    const left = notBefore - this.#services.clock.now();
    if (left <= 0) return false;
    const pod = this.#pod;
    const message = `back-off ${goDuration(delayMs)} restarting failed container=${name} pod=${describePod(pod)}`;
    if (this.#waiting.get(name)?.message !== message) {
      const text = `Back-off restarting failed container ${name} in pod ${describePod(pod)}`;
      this.#services.event(pod, "Warning", "BackOff", text, `spec.containers{${name}}`);
    }
    this.#waiting.set(name, { reason: "CrashLoopBackOff", message });
    this.#again(left);
    return true;
  }

  async #startContext(sandbox: Sandbox, runtime: PodRuntime, signal: AbortSignal) {
    const pod = this.#pod;
    const services = this.#services;
    const podIPs = this.#podIPs(runtime);
    const [hostsFile, config] = await Promise.all([
      writeHostsFile(pod, podIPs, services),
      sandboxConfigOf(pod, sandbox.attempt, services),
    ]);
    const podDirectory = podDirectoryOf(pod, services);
    const volumes = this.#volumes;
    return {
      pod,
      sandbox,
      sandboxConfig: config,
      runtime,
      podDirectory,
      hostsFile,
      volumes,
      podIPs,
      services,
      signal,
    };
  }

  async #kill({ instance, message, reason }: Kill, signal: AbortSignal): Promise<void> {
    const { clock } = this.#services;
    const ofProbe =
      reason === "liveness" || reason === "startup" ? this.#probes.graceSeconds(instance.id) : undefined;
    const seconds = ofProbe ?? this.#pod.spec?.terminationGracePeriodSeconds ?? 30;
    const until = clock.now() + seconds * 1000;
    const options = { until, message, services: this.#services, signal, preStopped: this.#preStopped };
    await killContainer(this.#pod, instance, options);
  }

  #podIPs(runtime: PodRuntime): readonly string[] {
    return this.#pod.spec?.hostNetwork ? this.#services.config.nodeIPs : (runtime.sandboxes[0]?.ips ?? []);
  }

  // Ending

  async #end(signal: AbortSignal): Promise<boolean> {
    const { state, statuses, prober, cgroups } = this.#services;
    let runtime = await state.refresh(this.uid);
    if (runtime.containers.some(isAlive) || runtime.sandboxes.some(({ ready }) => ready)) {
      prober.stopLivenessAndStartup(this.uid);
      if (this.#inApi) this.#report();
      await this.#killAll(runtime, signal);
      runtime = await state.refresh(this.uid);
      if (runtime.containers.some(isAlive)) throw new Error("Cannot end all containers of the pod yet");
    }
    this.#probes[Symbol.dispose]();
    if (this.#inApi) this.#report({ terminal: true });
    if (!this.#isTornDown) {
      await this.#volumes.tearDown();
      await cgroups.remove(this.uid);
      this.#isTornDown = true;
    }
    if (this.#inApi && !this.#pod.metadata?.deletionTimestamp) return false; // over, but its logs may be wanted
    if (this.#inApi) {
      await statuses.flushed(this.uid, signal);
      await this.#deleteFromApi();
    }
    if (!this.#isRemoved) {
      this.#isRemoved = true; // nothing is to be reported of it any more
      await removeRemains(this.#pod, runtime, this.#services).catch((err) => {
        this.#isRemoved = false;
        throw err;
      });
    }
    return !this.#inApi;
  }

  async #killAll(runtime: PodRuntime, signal: AbortSignal): Promise<void> {
    const { clock } = this.#services;
    this.#endsSince ||= clock.now();
    this.#graceUntil = Math.min(this.#graceUntil, this.#endsSince + this.#graceSeconds(runtime) * 1000);
    const ends = this.#mustEnd();
    const until = ends ? this.#graceUntil : clock.now() + this.#graceSeconds(runtime) * 1000;
    if (!ends) this.#endsSince = 0;
    const options = { until, services: this.#services, signal, preStopped: this.#preStopped };
    await killPodContainers(this.#pod, runtime, options);
    await Promise.all(runtime.sandboxes.map(({ id }) => this.#services.runtime.stopPodSandbox(id)));
  }

  #mustEnd(): boolean {
    return Boolean(this.#pod.metadata?.deletionTimestamp) || !this.#inApi || this.#verdict !== undefined;
  }

  #graceSeconds(runtime: PodRuntime): number {
    const { metadata, spec } = this.#pod;
    const ofRuntime = Math.max(0, ...runtime.containers.map(({ gracePeriodSeconds }) => gracePeriodSeconds));
    return metadata?.deletionGracePeriodSeconds ?? spec?.terminationGracePeriodSeconds ?? ofRuntime;
  }

  async #deleteFromApi(): Promise<void> {
    try {
      await this.#services.api.delete(pods, keyOf(this.#pod as ApiObject), {
        gracePeriodSeconds: 0,
        uid: this.uid,
      });
    } catch (err) {
      if (!isNotFound(err) && !isConflict(err)) throw err; // gone, or another pod has its name
    }
  }

  #report({ terminal = false }: { readonly terminal?: boolean } = {}): void {
    const { statuses, config, clock } = this.#services;
    const pod = this.#pod;
    const previous = statuses.latest(pod);
    const facts: PodFacts = {
      runtime: this.#runtime,
      health: this.#probes,
      waiting: this.#waiting,
      hostIPs: config.nodeIPs,
      now: clock.now(),
      terminal: terminal || this.#isTornDown,
      verdict: this.#verdict,
    };
    statuses.put(pod, podStatus(pod, previous, facts));
  }
}

/** For a pod that only the runtime still knows. */
export function podOfRuntime({ uid, name, namespace }: PodRuntime): Pod {
  return { apiVersion: "v1", kind: "Pod", metadata: { uid, name, namespace } };
}
