/**
 * What the scheduler needs to know of a pod again and again, worked out once per pod object: what it asks for, which host ports
 * it takes, and which pods it wants near.
 */

import type { Container, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { hostPortsOf, type HostPort } from "@knarr/kinds/shared/placement/host-ports.ts";
import { podAffinityOf, type PodAffinity } from "./pod-affinity.ts";
import { add, amountsOf, noAmounts, raise, type Amounts } from "./amounts.ts";

export interface PodInfo {
  readonly pod: Pod;
  readonly priority: number;
  readonly requests: Amounts;
  /** CPU and memory with something assumed for containers that ask for nothing: what scores are made of. */
  readonly assumed: { readonly milliCpu: number; readonly memory: number };
  /** Nothing asked for at all. */
  readonly isBestEffort: boolean;
  readonly hostPorts: readonly HostPort[];
  /** What it says of other pods; undefined when nothing. */
  readonly affinity: PodAffinity | undefined;
}

/** What a container that asks for no CPU or memory is taken to use. */
const ASSUMED_MILLI_CPU = 100;
const ASSUMED_MEMORY = 200 * 1024 * 1024;

const infos = new WeakMap<Pod, PodInfo>();

export function podInfoOf(pod: Pod): PodInfo {
  let info = infos.get(pod);
  if (!info) infos.set(pod, (info = makeInfo(pod)));
  return info;
}

function makeInfo(pod: Pod): PodInfo {
  const requests = podRequests(pod, requestsOf);
  const assumed = podRequests(pod, assumedOf);
  const { milliCpu, memory, ephemeralStorage, others } = requests;
  return {
    pod,
    priority: pod.spec?.priority ?? 0,
    requests,
    assumed,
    isBestEffort: milliCpu === 0 && memory === 0 && ephemeralStorage === 0 && others.size === 0,
    hostPorts: hostPortsOf(pod),
    affinity: podAffinityOf(pod),
  };
}

/**
 * What a pod needs at its hungriest moment: its containers and sidecars together, or one init container with the sidecars started
 * before it, whichever is more; what the pod itself asks for stands above the sum; its overhead comes on top (KEP-753, KEP-2837).
 */
function podRequests(pod: Pod, of: (container: Container, pod: Pod) => Amounts): Amounts {
  const { containers = [], initContainers = [], overhead, resources } = pod.spec ?? {};
  const total = noAmounts();
  for (const container of containers) add(total, of(container, pod));

  const sidecars = noAmounts();
  const starting = noAmounts();
  for (const container of initContainers) {
    const own = of(container, pod);
    if (container.restartPolicy === "Always") {
      add(total, own);
      add(sidecars, own);
      raise(starting, sidecars);
    } else {
      add(own, sidecars);
      raise(starting, own);
    }
  }
  raise(total, starting);
  if (resources?.requests) override(total, amountsOf(resources.requests), resources.requests);
  if (overhead) add(total, amountsOf(overhead));
  return total;
}

/** Puts what the pod asks for as a whole in place of the sum of its containers. */
function override(total: Amounts, own: Amounts, named: object): void {
  if ("cpu" in named) total.milliCpu = own.milliCpu;
  if ("memory" in named) total.memory = own.memory;
  for (const [name, amount] of own.others) total.others.set(name, amount);
}

/** What the container asks for or, while it is being resized, what it has when that is more. */
function requestsOf(container: Container, pod: Pod): Amounts {
  const amounts = amountsOf(container.resources?.requests);
  const statuses = pod.status?.containerStatuses;
  const status = statuses?.find(({ name }) => name === container.name);
  if (status?.resources?.requests) raise(amounts, amountsOf(status.resources.requests));
  if (status?.allocatedResources) raise(amounts, amountsOf(status.allocatedResources));
  return amounts;
}

function assumedOf(container: Container, pod: Pod): Amounts {
  const amounts = requestsOf(container, pod);
  const named = container.resources?.requests ?? {};
  if (!("cpu" in named)) amounts.milliCpu = Math.max(amounts.milliCpu, ASSUMED_MILLI_CPU);
  if (!("memory" in named)) amounts.memory = Math.max(amounts.memory, ASSUMED_MEMORY);
  return amounts;
}
