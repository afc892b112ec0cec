/**
 * GET /stats/summary: all figures of the node, its pods and containers, in upstream's form. What only the container runtime knows (the network
 * of a pod, what a container wrote to its own file system) is left out when the runtime does not say it.
 */

import { join } from "node:path";
import type * as cri from "@knarr/cri/generated/cri-v1.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import type { Machine } from "../node/machine.ts";
import type { CgroupUsage } from "./cgroup-usage.ts";
import { fileSystemUsage, logsUsage, occupied, type Occupied } from "./disk-usage.ts";
import type { InterfaceUsage } from "./machine-usage.ts";
import type { ContainerUsage, NodeStats, PodUsage } from "./node-stats.ts";

export interface SummarySource {
  readonly nodeName: string;
  readonly rootDir: string;
  readonly imageRoot: string;
  readonly stats: NodeStats;
  /** What was read before, to tell how fast CPU is used now. */
  readonly previous: NodeStats | undefined;
  readonly machine: Pick<Machine, "processes">;
  readonly sandboxes: readonly cri.PodSandboxStats[];
}

export async function summaryOf(source: SummarySource): Promise<object> {
  const { nodeName, stats, rootDir, imageRoot, machine } = source;
  const { node, pods } = stats;
  const time = formatTime(stats.time);
  const byUid = new Map(source.sandboxes.map((one) => [one.attributes?.metadata?.uid, one.linux]));
  const [fs, imageFs] = await Promise.all([fileSystemUsage(rootDir), fileSystemUsage(imageRoot)]);
  const memory = memoryOf(node, time);
  const elapsed = { time, ms: stats.time - (source.previous?.time ?? stats.time) };
  const before = new Map(source.previous?.pods.map((one) => [one.pod.metadata!.uid, one]));
  return {
    node: {
      nodeName,
      startTime: formatTime(node.bootedAt),
      cpu: cpuOf(node, source.previous?.node, elapsed),
      memory: { ...memory, availableBytes: node.memoryBytes - node.memory.workingSetBytes },
      network: networkOf(node.interfaces, time),
      fs: { time, ...fs },
      runtime: { imageFs: { time, ...imageFs }, containerFs: { time, ...imageFs } },
      rlimit: { time, maxpid: machine.processes.max, curproc: machine.processes.running },
      swap: {
        time,
        swapAvailableBytes: node.swapTotalBytes - (node.swapBytes ?? 0),
        swapUsageBytes: node.swapBytes ?? 0,
      },
    },
    pods: await Promise.all(
      pods.map((one) => {
        const { uid } = one.pod.metadata!;
        const linux = byUid.get(uid) ?? undefined;
        return podOf(one, { time, elapsed, rootDir, fs, linux, before: before.get(uid) });
      }),
    ),
  };
}

interface Context {
  readonly time: string;
  readonly rootDir: string;
  /** Of the file system that pods write to. */
  readonly fs: Awaited<ReturnType<typeof fileSystemUsage>>;
  readonly linux: cri.LinuxPodSandboxStats | undefined;
  readonly before: PodUsage | undefined;
  readonly elapsed: Elapsed;
}

/** Until now, since the figures before; 0 without any. */
interface Elapsed {
  readonly time: string;
  readonly ms: number;
}

async function podOf({ pod, usage, containers }: PodUsage, context: Context): Promise<object> {
  const { time, linux, before, elapsed } = context;
  const { name, namespace, uid } = pod.metadata!;
  const [parts, volumes] = await Promise.all([
    Promise.all(containers.map((container) => containerOf(container, context))),
    volumesOf(pod, context),
  ]);
  const written = [...parts.flatMap(({ logs, rootfs }) => [logs, rootfs]), ...volumes];
  const network = linux?.network && sandboxNetwork(linux.network, time);
  return {
    podRef: { name, namespace, uid },
    startTime: pod.status?.startTime ?? null,
    containers: parts,
    ...(usage && { cpu: cpuOf(usage, before?.usage, elapsed) }),
    ...(usage && { memory: memoryOf(usage, time) }),
    ...(network && { network }),
    ...(volumes.length > 0 && { volume: volumes }),
    "ephemeral-storage": { ...freeOf(context), ...sumOf(written) },
    ...(linux?.process?.processCount && {
      process_stats: { process_count: linux.process.processCount.value },
    }),
    ...swapOf(usage, time),
  };
}

async function containerOf({ name, startedAt, usage, id, logPath }: ContainerUsage, context: Context) {
  const { time, linux, before, elapsed } = context;
  const previous = before?.containers.find((one) => one.id === id);
  const layer = linux?.containers.find(({ attributes }) => attributes?.id === id)?.writableLayer;
  const logs = { ...freeOf(context), ...(await logsUsage(logPath)) };
  const rootfs = layer && {
    ...freeOf(context),
    usedBytes: layer.usedBytes?.value ?? 0,
    inodesUsed: layer.inodesUsed?.value ?? 0,
  };
  return {
    name,
    startTime: formatTime(startedAt),
    cpu: cpuOf(usage, previous?.usage, elapsed),
    memory: memoryOf(usage, time),
    ...(rootfs && { rootfs }),
    logs,
    ...swapOf(usage, time),
  };
}

/** Those that take room of the node's own: emptyDirs that are no memory. */
async function volumesOf({ metadata, spec }: Pod, context: Context) {
  const volumes = (spec?.volumes ?? []).filter(({ emptyDir }) => emptyDir && emptyDir.medium !== "Memory");
  const folder = join(context.rootDir, "pods", metadata!.uid!, "volumes", "kubernetes.io~empty-dir");
  return Promise.all(
    volumes.map(async ({ name }) => ({
      ...freeOf(context),
      ...(await occupied(join(folder, name))),
      name,
    })),
  );
}

function freeOf({ time, fs }: Context) {
  const { availableBytes, capacityBytes, inodesFree, inodes } = fs;
  return { time, availableBytes, capacityBytes, inodesFree, inodes };
}

function sumOf(parts: readonly (Occupied | null | undefined)[]): Occupied {
  return {
    usedBytes: parts.reduce((sum, part) => sum + (part?.usedBytes ?? 0), 0),
    inodesUsed: parts.reduce((sum, part) => sum + (part?.inodesUsed ?? 0), 0),
  };
}

function cpuOf(
  { cpuNanoseconds }: CgroupUsage,
  before: CgroupUsage | undefined,
  { time, ms }: Elapsed,
): object {
  const used = before && cpuNanoseconds - before.cpuNanoseconds;
  const usageNanoCores =
    used !== undefined && used >= 0 && ms > 0 ? Math.round((used * 1000) / ms) : undefined;
  return {
    time,
    ...(usageNanoCores !== undefined && { usageNanoCores }),
    usageCoreNanoSeconds: cpuNanoseconds,
  };
}

function memoryOf({ memory }: CgroupUsage, time: string) {
  return { time, ...memory };
}

function swapOf(usage: CgroupUsage | undefined, time: string): object {
  return usage?.swapBytes === undefined ? {} : { swap: { time, swapUsageBytes: usage.swapBytes } };
}

function networkOf(interfaces: readonly InterfaceUsage[], time: string): object {
  return { time, ...(interfaces[0] ?? { name: "" }), interfaces };
}

function sandboxNetwork({ defaultInterface, interfaces }: cri.NetworkUsage, time: string): object {
  const own = defaultInterface ? [interfaceOf(defaultInterface)] : [];
  return networkOf([...own, ...interfaces.map(interfaceOf)], time);
}

function interfaceOf({
  name,
  rxBytes,
  rxErrors,
  txBytes,
  txErrors,
}: cri.NetworkInterfaceUsage): InterfaceUsage {
  return {
    name,
    rxBytes: rxBytes?.value ?? 0,
    rxErrors: rxErrors?.value ?? 0,
    txBytes: txBytes?.value ?? 0,
    txErrors: txErrors?.value ?? 0,
  };
}
