/** Requests and limits as the kernel wants them, per container and for the whole pod. Pure. */

import type { LinuxContainerResources } from "@knarr/cri/generated/cri-v1.ts";
import type { Sent } from "@knarr/cri/messages.ts";
import type { Container, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { milliValue, wholeValue } from "../amount.ts";
import { isSidecar } from "./containers.ts";
import { oomScoreAdjust } from "./qos.ts";

const MIN_SHARES = 2;
const MAX_SHARES = 262_144;
const QUOTA_PERIOD_US = 100_000;
const MIN_QUOTA_US = 1_000;

export function cpuShares(milliCpu: number): number {
  if (milliCpu === 0) return MIN_SHARES;
  return Math.min(Math.max(Math.floor((milliCpu * 1024) / 1000), MIN_SHARES), MAX_SHARES);
}

/** Microseconds per period; 0 when there is no limit. */
export function cpuQuota(milliCpu: number): number {
  if (milliCpu === 0) return 0;
  return Math.max(Math.floor((milliCpu * QUOTA_PERIOD_US) / 1000), MIN_QUOTA_US);
}

export function linuxResources(
  pod: Pod,
  container: Container,
  memoryCapacityBytes: number,
): Sent<LinuxContainerResources> {
  const { limits = {}, requests = {} } = container.resources ?? {};
  const cpuLimit = milli(limits["cpu"]);
  // Without a request the limit is the request; a container without both gets the least share
  const cpuRequest = requests["cpu"] === undefined ? cpuLimit : milli(requests["cpu"]);
  const hugepages = Object.entries(limits).filter(([name]) => name.startsWith("hugepages-"));
  return {
    cpuShares: cpuShares(cpuRequest),
    ...(cpuLimit > 0 && { cpuQuota: cpuQuota(cpuLimit), cpuPeriod: QUOTA_PERIOD_US }),
    memoryLimitInBytes: whole(limits["memory"] ?? pod.spec?.resources?.limits?.["memory"]),
    oomScoreAdj: oomScoreAdjust(pod, container, memoryCapacityBytes),
    hugepageLimits: hugepages.map(([name, size]) => ({
      pageSize: pageSize(name.slice("hugepages-".length)),
      limit: whole(size),
    })),
  };
}

/** `2Mi` is `2MB` to the kernel. */
function pageSize(quantity: string): string {
  return quantity.replace(/([KMG])i$/, "$1B");
}

export interface PodLimits {
  readonly cpuShares: number;
  /** Undefined when some container may use as much as there is. */
  readonly cpuQuota: number | undefined;
  readonly memoryBytes: number | undefined;
}

/** For the pod's own cgroup: what its containers ask for together, overhead included. */
export function podLimits(pod: Pod): PodLimits {
  const request = aggregate(pod, "requests");
  const limit = aggregate(pod, "limits");
  const cpuLimited = limitsAll(pod, "cpu");
  const memoryLimited = limitsAll(pod, "memory");
  return {
    cpuShares: cpuShares(request("cpu", milli)),
    cpuQuota: cpuLimited ? cpuQuota(limit("cpu", milli)) : undefined,
    memoryBytes: memoryLimited ? limit("memory", whole) : undefined,
  };
}

function limitsAll({ spec }: Pod, name: string): boolean {
  if (spec?.resources?.limits?.[name] !== undefined) return true;
  const all = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  return all.every(({ resources }) => milli(resources?.limits?.[name]) > 0);
}

/** KEP-753: the most that is needed at once, while starting or while running. */
function aggregate({ spec }: Pod, list: "requests" | "limits") {
  return (name: string, read: (quantity?: string | number) => number): number => {
    const own = spec?.resources?.[list]?.[name];
    const overhead = read(spec?.overhead?.[name]);
    if (own !== undefined) return read(own) + overhead;
    const of = ({ resources }: Container) =>
      read(resources?.[list]?.[name] ?? (list === "requests" ? resources?.limits?.[name] : undefined));
    let sidecars = 0;
    let starting = 0;
    for (const container of spec?.initContainers ?? []) {
      if (isSidecar(container)) sidecars += of(container);
      starting = Math.max(starting, isSidecar(container) ? sidecars : sidecars + of(container));
    }
    const running = (spec?.containers ?? []).reduce((sum, container) => sum + of(container), sidecars);
    return Math.max(starting, running) + overhead;
  };
}

/** What the scheduler counts for a pod, in thousandths for cpu, whole units for all else. */
export function podRequest(pod: Pod, name: string): number {
  return aggregate(pod, "requests")(name, name === "cpu" ? milli : whole);
}

export function milli(quantity?: string | number): number {
  return quantity === undefined ? 0 : Number(milliValue(quantity));
}

export function whole(quantity?: string | number): number {
  return quantity === undefined ? 0 : Number(wholeValue(quantity));
}
