/** The Node object: what it is when it is first registered, and its status as things stand. Pure. */

import { aggregate } from "@knarr/machinery/aggregate.ts";
import type {
  ContainerImage,
  Node,
  NodeCondition,
  NodeStatus,
  NodeSystemInfo,
} from "@knarr/kinds/generated/core-v1.ts";
import type { Image } from "@knarr/cri/generated/cri-v1.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { milliValue, wholeValue } from "../amount.ts";
import type { CompleteConfig } from "../config.ts";
import { goArchitecture, type Machine } from "./machine.ts";

/** Labels that upstream's node has from the start, under both their names. */
export function nodeLabels({ nodeName, labels }: CompleteConfig): Record<string, string> {
  const architecture = goArchitecture();
  return {
    "beta.kubernetes.io/arch": architecture,
    "beta.kubernetes.io/os": "linux",
    "kubernetes.io/arch": architecture,
    "kubernetes.io/hostname": nodeName,
    "kubernetes.io/os": "linux",
    ...labels,
  };
}

export function newNode(config: CompleteConfig): Node {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: config.nodeName,
      labels: nodeLabels(config),
      annotations: { "volumes.kubernetes.io/controller-managed-attach-detach": "true" },
    },
    spec: {
      ...(config.podCIDRs[0] && { podCIDR: config.podCIDRs[0], podCIDRs: [...config.podCIDRs] }),
      ...(config.taints.length && { taints: [...config.taints] }),
    },
  };
}

export interface NodeFacts {
  readonly config: CompleteConfig;
  readonly machine: Machine;
  readonly info: NodeSystemInfo;
  readonly images: readonly Image[];
  /** Why the node cannot run pods; empty: it can. */
  readonly problems: readonly string[];
  readonly now: number;
}

const MAX_IMAGES = 50;
/** Upstream's hard eviction thresholds: below them pods could not be served any more. */
const MEMORY_KEPT_BYTES = 100 << 20;
const DISK_KEPT_FRACTION = 0.1;
const INODES_KEPT_FRACTION = 0.05;

export function nodeStatus(previous: NodeStatus, facts: NodeFacts): NodeStatus {
  const { config, info } = facts;
  return {
    addresses: [
      ...config.nodeIPs.map((address) => ({ type: "InternalIP", address })),
      { type: "Hostname", address: config.nodeName },
    ],
    capacity: capacityOf(facts),
    allocatable: allocatableOf(facts),
    conditions: conditionsOf(previous.conditions ?? [], facts),
    daemonEndpoints: { kubeletEndpoint: { Port: config.port } },
    nodeInfo: info,
    images: imagesOf(facts.images),
    runtimeHandlers: [{ name: "", features: { recursiveReadOnlyMounts: false, userNamespaces: false } }],
    features: { supplementalGroupsPolicy: false },
  };
}

function capacityOf({ machine, config }: Pick<NodeFacts, "machine" | "config">): Record<string, string> {
  return {
    cpu: String(machine.cpus),
    "ephemeral-storage": `${Math.floor(machine.disk.bytes / 1024)}Ki`,
    ...Object.fromEntries(
      [...machine.hugepages].map(([name, bytes]) => [name, bytes ? `${bytes / 1024}Ki` : "0"]),
    ),
    memory: `${Math.floor(machine.memoryBytes / 1024)}Ki`,
    pods: String(config.maxPods),
  };
}

function allocatableOf(facts: Pick<NodeFacts, "machine" | "config">): Record<string, string> {
  const { machine, config } = facts;
  const { reserved } = config;
  const milliCpu =
    machine.cpus * 1000 - (reserved["cpu"] === undefined ? 0 : Number(milliValue(reserved["cpu"])));
  const bytes = (name: string) => (reserved[name] === undefined ? 0 : Number(wholeValue(reserved[name])));
  const memory = machine.memoryBytes - MEMORY_KEPT_BYTES - bytes("memory");
  const disk = machine.disk.bytes * (1 - DISK_KEPT_FRACTION) - bytes("ephemeral-storage");
  return {
    ...capacityOf(facts),
    cpu: milliCpu % 1000 === 0 ? String(milliCpu / 1000) : `${milliCpu}m`,
    "ephemeral-storage": String(Math.floor(disk)),
    memory: `${Math.floor(memory / 1024)}Ki`,
  };
}

interface Pressure {
  readonly type: string;
  readonly pressed: boolean;
  /** Reason and message when it is so, and when it is not. */
  readonly yes: readonly [reason: string, message: string];
  readonly no: readonly [reason: string, message: string];
}

function conditionsOf(previous: readonly NodeCondition[], facts: NodeFacts): NodeCondition[] {
  const { machine, problems, now } = facts;
  const { disk, processes } = machine;
  const pressures: readonly Pressure[] = [
    {
      type: "MemoryPressure",
      pressed: machine.memoryAvailableBytes < MEMORY_KEPT_BYTES,
      yes: ["KubeletHasInsufficientMemory", "kubelet has insufficient memory available"],
      no: ["KubeletHasSufficientMemory", "kubelet has sufficient memory available"],
    },
    {
      type: "DiskPressure",
      pressed:
        disk.availableBytes < disk.bytes * DISK_KEPT_FRACTION ||
        disk.freeInodes < disk.inodes * INODES_KEPT_FRACTION,
      yes: ["KubeletHasDiskPressure", "kubelet has disk pressure"],
      no: ["KubeletHasNoDiskPressure", "kubelet has no disk pressure"],
    },
    {
      type: "PIDPressure",
      pressed: processes.running >= processes.max,
      yes: ["KubeletHasInsufficientPID", "kubelet has insufficient PID available"],
      no: ["KubeletHasSufficientPID", "kubelet has sufficient PID available"],
    },
  ];
  const ready = {
    type: "Ready",
    status: problems.length ? "False" : "True",
    reason: problems.length ? "KubeletNotReady" : "KubeletReady",
    message: problems.length ? aggregate(problems) : "kubelet is posting ready status",
  };
  const all = [
    ...pressures.map(({ type, pressed, yes, no }) => {
      const [reason, message] = pressed ? yes : no;
      return { type, status: pressed ? "True" : "False", reason, message };
    }),
    ready, // must stay the last, as upstream has it
  ];
  return all.map((condition) => {
    const before = previous.find(({ type }) => type === condition.type);
    const lastTransitionTime =
      before?.status === condition.status && before.lastTransitionTime
        ? before.lastTransitionTime
        : formatTime(now);
    return { ...condition, lastHeartbeatTime: formatTime(now), lastTransitionTime };
  });
}

/** The biggest ones, with all their names. */
function imagesOf(images: readonly Image[]): ContainerImage[] {
  return images
    .filter(({ repoDigests, repoTags }) => repoDigests.length + repoTags.length > 0)
    .toSorted((one, other) => other.size - one.size)
    .slice(0, MAX_IMAGES)
    .map(({ repoDigests, repoTags, size }) => ({
      names: [...repoDigests, ...repoTags].slice(0, 5),
      sizeBytes: size,
    }));
}
