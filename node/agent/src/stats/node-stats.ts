/** What the node and the running containers on it use, read when asked for. Nothing is kept and nothing runs in between. */

import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { PodRuntime } from "../runtime/pod-runtime.ts";
import type { CgroupUsage } from "./cgroup-usage.ts";
import { machineUsage, type MachineUsage } from "./machine-usage.ts";

export interface NodeStats {
  /** When it was read, milliseconds since the epoch. */
  readonly time: number;
  readonly node: MachineUsage;
  readonly pods: readonly PodUsage[];
}

export interface PodUsage {
  readonly pod: Pod;
  readonly usage: CgroupUsage | undefined;
  readonly containers: readonly ContainerUsage[];
}

export interface ContainerUsage {
  readonly id: string;
  readonly name: string;
  readonly startedAt: number;
  readonly logPath: string;
  readonly usage: CgroupUsage;
}

export interface NodeStatsSource {
  pods(): readonly Pod[];
  runtimeOf(uid: string): PodRuntime | undefined;
  /** Of the cgroup of a pod, or of the one `below` it. Undefined when it is not there. */
  usage(pod: Pod, below?: string): Promise<CgroupUsage | undefined>;
  readonly clock: Clock;
}

export async function readNodeStats(source: NodeStatsSource): Promise<NodeStats> {
  const time = source.clock.now();
  const [node, pods] = await Promise.all([
    machineUsage(),
    Promise.all(source.pods().map((pod) => podUsage(pod, source))),
  ]);
  return { time, node, pods: pods.filter((pod) => pod !== undefined) };
}

/** Undefined for a pod of which nothing runs. */
async function podUsage(pod: Pod, source: NodeStatsSource): Promise<PodUsage | undefined> {
  const { containers = [] } = source.runtimeOf(pod.metadata!.uid!) ?? {};
  const running = containers.filter(({ state }) => state === "running");
  if (running.length === 0) return undefined;
  const [usage, found] = await Promise.all([
    source.usage(pod),
    Promise.all(
      running.map(async ({ id, name, startedAt, logPath }) => {
        const own = await source.usage(pod, id);
        return own && { id, name, startedAt, logPath, usage: own };
      }),
    ),
  ]);
  return { pod, usage, containers: found.filter((container) => container !== undefined) };
}
