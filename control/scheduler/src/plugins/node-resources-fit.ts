/** NodeResourcesFit: what the pod asks for must be free; the more is left free, the better (LeastAllocated). */

import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { Node, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { amountsOf, units } from "../amounts.ts";
import { definePlugin, MAX_SCORE, type No, yes, type Verdict } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import { podInfoOf, type PodInfo } from "../pod-info.ts";

export const nodeResourcesFit = definePlugin<PodInfo>({
  name: "NodeResourcesFit",
  wakesOn: [
    { resource: "pods", change: "delete" },
    { resource: "nodes", change: "add", mayHelp: couldFit },
    {
      resource: "nodes",
      change: "update",
      mayHelp: (pod, node, previous) =>
        !semanticEqual(node.status?.allocatable, previous?.status?.allocatable) && couldFit(pod, node),
    },
  ],

  preFilter: (pod) => ({ state: podInfoOf(pod) }),

  filter(_pod, node, { requests, isBestEffort }): Verdict {
    const { allocatable, requested } = node;
    const hasRoom = node.pods.size + 1 <= node.allowedPods;
    if (isBestEffort) return hasRoom ? yes : shortage([TOO_MANY], true);
    const fits =
      hasRoom &&
      requests.milliCpu <= allocatable.milliCpu - requested.milliCpu &&
      requests.memory <= allocatable.memory - requested.memory &&
      requests.ephemeralStorage <= allocatable.ephemeralStorage - requested.ephemeralStorage &&
      requests.others.size === 0;
    return fits ? yes : whatLacks(node, requests);
  },

  score(pod, { allocatable, assumed }) {
    const own = podInfoOf(pod).assumed;
    return average([
      leftOver(assumed.milliCpu + own.milliCpu, allocatable.milliCpu),
      leftOver(assumed.memory + own.memory, allocatable.memory),
    ]);
  },
});

const TOO_MANY = "Too many pods";

function whatLacks(node: NodeInfo, requests: PodInfo["requests"]): Verdict {
  const { allocatable, requested } = node;
  const why: string[] = [];
  let preemptionMayHelp = true;
  const check = (name: string, wanted: number, has: number, used: number) => {
    if (wanted === 0 || wanted <= has - used) return;
    why.push(`Insufficient ${name}`);
    if (wanted > has) preemptionMayHelp = false;
  };
  if (node.pods.size + 1 > node.allowedPods) why.push(TOO_MANY);
  check("cpu", requests.milliCpu, allocatable.milliCpu, requested.milliCpu);
  check("memory", requests.memory, allocatable.memory, requested.memory);
  const { ephemeralStorage } = requests;
  check("ephemeral-storage", ephemeralStorage, allocatable.ephemeralStorage, requested.ephemeralStorage);
  for (const [name, wanted] of requests.others) {
    check(name, wanted, allocatable.others.get(name) ?? 0, requested.others.get(name) ?? 0);
  }
  return why.length > 0 ? shortage(why, preemptionMayHelp) : yes;
}

function shortage(why: readonly string[], preemptionMayHelp: boolean): No {
  return { why, preemptionMayHelp };
}

/** Whether the node would have room if it were empty. */
function couldFit(pod: Pod, { status }: Node): boolean {
  const { requests } = podInfoOf(pod);
  const has = amountsOf(status?.allocatable);
  return (
    units(status?.allocatable?.["pods"] ?? 0) > 0 &&
    requests.milliCpu <= has.milliCpu &&
    requests.memory <= has.memory &&
    requests.ephemeralStorage <= has.ephemeralStorage &&
    [...requests.others].every(([name, wanted]) => wanted <= (has.others.get(name) ?? 0))
  );
}

function leftOver(requested: number, capacity: number): number | undefined {
  if (capacity === 0) return undefined;
  return requested > capacity ? 0 : Math.trunc(((capacity - requested) * MAX_SCORE) / capacity);
}

function average(scores: readonly (number | undefined)[]): number {
  const known = scores.filter((score) => score !== undefined);
  return known.length === 0 ? 0 : Math.trunc(known.reduce((a, b) => a + b, 0) / known.length);
}
