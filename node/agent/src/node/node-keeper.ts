/**
 * Keeps this node's Node object and Lease: registers it, says how it is, and that it lives.
 *
 * The Lease is the heartbeat, every ten seconds. The status is looked at as often, but written only when something changed, or every
 * five minutes. A change that others wait for (the runtime became ready) is written at once: `wake`.
 */

import type { Api } from "@knarr/client/api.ts";
import { referenceTo, type EventRecorder } from "@knarr/client/event-recorder.ts";
import { compareResourceVersions } from "@knarr/client/resource-version.ts";
import type { RuntimeClient } from "@knarr/cri/runtime-client.ts";
import type { Lease } from "@knarr/kinds/generated/coordination-v1.ts";
import type { Node, NodeCondition, NodeStatus, NodeSystemInfo } from "@knarr/kinds/generated/core-v1.ts";
import { isAlreadyExists, isNotFound } from "@knarr/machinery/status.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { CompleteConfig } from "../config.ts";
import { leases, nodes } from "@knarr/client/named-resources.ts";
import { formatMicroTime } from "@knarr/machinery/time.ts";
import { isSame } from "../pods/status-writer.ts";
import { hostInfo, lookAtMachine } from "./machine.ts";
import { newNode, nodeLabels, nodeStatus } from "./node-status.ts";

export interface NodeKeeperOptions {
  readonly config: CompleteConfig;
  readonly api: Api;
  readonly runtime: RuntimeClient;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
}

const RENEW_MS = 10_000;
const LEASE_SECONDS = 40;
const LOOK_MS = 10_000;
const REPORT_MS = 300_000;
const FIRST_RETRY_MS = 50;

export class NodeKeeper implements AsyncDisposable {
  readonly #options: NodeKeeperOptions;
  readonly #stop = new AbortController();
  readonly #ready = Promise.withResolvers<void>();
  #wakeUp = new AbortController();
  #node: Node;
  #reportedAt = 0;
  #running: readonly Promise<void>[] = [];
  #info: NodeSystemInfo | undefined;

  constructor(options: NodeKeeperOptions) {
    this.#options = options;
    this.#node = newNode(options.config);
  }

  /** As last written or read; before it is registered, as it will be. */
  get node(): Node {
    return this.#node;
  }

  /** Resolves when the node was reported Ready for the first time. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Registers the node and resolves; then keeps it, until disposal. */
  async start(signal: AbortSignal): Promise<void> {
    const any = AbortSignal.any([signal, this.#stop.signal]);
    await this.#persist("register node", () => this.#register(), any);
    this.#event("Normal", "Starting", "Starting kubelet.");
    await this.#persist("report node status", () => this.#report(), any); // what pods may use is known before any is judged
    this.#running = [this.#keepStatus(this.#stop.signal), this.#keepLease(this.#stop.signal)];
  }

  /** What the watch says of the node: others label it, taint it, delete it. */
  observe(node: Node): void {
    const isNewer =
      node.metadata?.uid !== this.#node.metadata?.uid ||
      compareResourceVersions(
        node.metadata?.resourceVersion ?? "0",
        this.#node.metadata?.resourceVersion ?? "0",
      ) > 0;
    if (isNewer) this.#node = node;
  }

  /** The node as it is in the API at this moment, for what must not be judged by an old label. */
  async current(): Promise<Node> {
    this.observe((await this.#options.api.get(nodes, this.#options.config.nodeName)) as Node);
    return this.#node;
  }

  /** Something about the node changed: look now. */
  wake(): void {
    this.#wakeUp.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
  }

  async #register(): Promise<void> {
    const { api, config } = this.#options;
    try {
      this.#node = await api.create(nodes, newNode(config) as never);
      return;
    } catch (err) {
      if (!isAlreadyExists(err)) throw err;
    }
    const existing = (await api.get(nodes, config.nodeName)) as Node;
    const labels = nodeLabels(config);
    const isCurrent = Object.entries(labels).every(
      ([name, value]) => existing.metadata?.labels?.[name] === value,
    );
    const patch = { metadata: { labels } };
    this.#node = isCurrent ? existing : ((await api.patch(nodes, config.nodeName, patch)) as Node);
  }

  async #keepStatus(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      this.#wakeUp = new AbortController();
      await this.#persist("report node status", () => this.#report(), signal);
      const isReady = readyOf(this.#node.status)?.status === "True";
      if (isReady) this.#ready.resolve();
      const wait = isReady ? LOOK_MS : 200; // until it is ready somebody waits for it
      await clock.sleep(wait, AbortSignal.any([signal, this.#wakeUp.signal])).catch(() => {}); // woken or over
    }
  }

  async #report(): Promise<void> {
    const { api, config, clock, runtime } = this.#options;
    const previous = this.#node.status ?? {};
    const [machine, images, problems] = await Promise.all([
      lookAtMachine(config.rootDir),
      runtime.listImages(),
      this.#problems(),
    ]);
    const info = (this.#info ??= await this.#systemInfo());
    const now = clock.now();
    const status = nodeStatus(previous, { config, machine, info, images, problems, now });
    if (isSame(withoutHeartbeats(previous), withoutHeartbeats(status)) && now - this.#reportedAt < REPORT_MS)
      return;
    const options = { type: "strategic", subresource: "status" } as const;
    const patch = { status: changesOf(previous, status) };
    this.#node = (await api.patch(nodes, config.nodeName, patch, options)) as Node;
    this.#reportedAt = now;
    this.#tellChanges(previous.conditions ?? [], status.conditions ?? []);
  }

  async #problems(): Promise<string[]> {
    try {
      const { status } = await this.#options.runtime.status(this.#stop.signal);
      return (status?.conditions ?? []).flatMap(({ type, status: isGood, reason, message }) => {
        if (isGood) return [];
        const details = `${type}=false reason:${reason} message:${message}`;
        return [
          type === "NetworkReady"
            ? `container runtime network not ready: ${details}`
            : `container runtime not ready: ${details}`,
        ];
      });
    } catch (err) {
      return [`container runtime is down: ${(err as Error).message}`];
    }
  }

  async #systemInfo(): Promise<NodeSystemInfo> {
    const [info, { runtimeName, runtimeVersion }] = await Promise.all([
      hostInfo(),
      this.#options.runtime.version(),
    ]);
    const { version } = this.#options.config;
    return {
      ...info,
      containerRuntimeVersion: `${runtimeName}://${runtimeVersion}`,
      kubeletVersion: version,
      kubeProxyVersion: version,
    };
  }

  async #keepLease(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      await this.#persist("renew lease", () => this.#renew(), signal);
      await clock.sleep(RENEW_MS, signal).catch(() => {}); // over
    }
  }

  async #renew(): Promise<void> {
    const { api, config, clock } = this.#options;
    const { nodeName } = config;
    const key = `kube-node-lease/${nodeName}`;
    const renewTime = formatMicroTime(clock.now());
    const spec = { holderIdentity: nodeName, leaseDurationSeconds: LEASE_SECONDS, renewTime };
    try {
      await api.patch(leases, key, { spec });
    } catch (err) {
      if (!isNotFound(err)) throw err;
      const { name = "", uid = "" } = this.#node.metadata ?? {};
      const lease: Lease = {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: {
          name: nodeName,
          namespace: "kube-node-lease",
          ownerReferences: [{ apiVersion: "v1", kind: "Node", name, uid }],
        },
        spec,
      };
      await api.create(leases, lease as never);
    }
  }

  /** Tries until it works; a node deleted under us is registered again. */
  async #persist(what: string, step: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    for (let wait = FIRST_RETRY_MS; !signal.aborted; wait = Math.min(wait * 2, RENEW_MS)) {
      try {
        return await step();
      } catch (err) {
        if (signal.aborted) return;
        if (wait > FIRST_RETRY_MS) log.error(`Could not ${what}`, { err });
        if (isNotFound(err) && what !== "register node") await this.#register().catch(() => {}); // tried again with the step
        await clock.sleep(wait, signal).catch(() => {}); // over
      }
    }
  }

  #tellChanges(before: readonly NodeCondition[], after: readonly NodeCondition[]): void {
    for (const { type, status } of after) {
      if (before.find((condition) => condition.type === type)?.status === status) continue;
      const reason = eventOf[`${type} ${status}`];
      if (reason)
        this.#event("Normal", reason, `Node ${this.#options.config.nodeName} status is now: ${reason}`);
    }
  }

  #event(type: "Normal" | "Warning", reason: string, message: string): void {
    // Upstream refers to a node by its name in place of a uid, and `kubectl describe node` looks for that
    const name = this.#options.config.nodeName;
    this.#options.recorder.event(referenceTo({ kind: "Node", name, uid: name }), type, reason, message);
  }
}

const eventOf: Readonly<Record<string, string>> = {
  "Ready True": "NodeReady",
  "Ready False": "NodeNotReady",
  "MemoryPressure True": "NodeHasInsufficientMemory",
  "MemoryPressure False": "NodeHasSufficientMemory",
  "DiskPressure True": "NodeHasDiskPressure",
  "DiskPressure False": "NodeHasNoDiskPressure",
  "PIDPressure True": "NodeHasInsufficientPID",
  "PIDPressure False": "NodeHasSufficientPID",
};

function readyOf(status: NodeStatus = {}): NodeCondition | undefined {
  return status.conditions?.find(({ type }) => type === "Ready");
}

function withoutHeartbeats(status: NodeStatus): unknown {
  const ours = changesOf({}, status);
  return {
    ...ours,
    conditions: (status.conditions ?? []).map(({ lastHeartbeatTime: _, ...condition }) => condition),
  };
}

/** Of the fields that the agent keeps; lists are merged by type, or whole. */
function changesOf(from: NodeStatus, to: NodeStatus): NodeStatus {
  const fields = Object.keys(to) as (keyof NodeStatus)[];
  return Object.fromEntries(
    fields.filter((field) => !isSame(from[field], to[field])).map((field) => [field, to[field]]),
  );
}
