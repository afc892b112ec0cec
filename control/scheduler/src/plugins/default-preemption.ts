/**
 * DefaultPreemption: where no node fits, makes room for a more important pod by evicting less important ones.
 *
 * On each node that eviction could help, all pods of lower priority are taken away in thought; if the pod fits then, as many of
 * them as possible are kept: first those that a disruption budget would keep, then the most important. Of the nodes, that one is chosen whose
 * victims matter least: the fewest beyond a budget, then the lowest highest priority, then the lowest sum of priorities, then the fewest, then those
 * that started last.
 */

import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { beyondBudget } from "../budgets.ts";
import { failureText } from "../failure-text.ts";
import { definePlugin, never, type Failed, type No, type Trial } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import { podInfoOf, type PodInfo } from "../pod-info.ts";

interface Candidate {
  readonly node: NodeInfo;
  readonly victims: readonly PodInfo[];
  /** How many of them a disruption budget would keep. */
  readonly beyondBudget: number;
}

/** The same for all nodes. */
interface Means {
  readonly pod: Pod;
  readonly trial: Trial;
  readonly budgets: ReturnType<Failed["budgets"]>;
}

const NOT_HELPFUL = never("Preemption is not helpful for scheduling");
const NO_VICTIMS = never("No preemption victims found for incoming pod");
const TOO_LITTLE = never("Insufficient pods to evict");

export const defaultPreemption = definePlugin({
  name: "DefaultPreemption",

  postFilter(failed) {
    const { pod, table, verdicts } = failed;
    if (pod.spec?.preemptionPolicy === "Never") {
      return { why: "preemption: not eligible due to preemptionPolicy=Never." };
    }
    if (isMakingRoom(failed)) {
      return { why: "preemption: not eligible due to a terminating pod on the nominated node.", waits: true };
    }
    const means: Means = { pod, trial: failed.trial(), budgets: failed.budgets() };
    const candidates: Candidate[] = [];
    const refusals = new Map<NodeInfo, No>();
    for (const [node, verdict] of verdicts) {
      if (!verdict.preemptionMayHelp) continue;
      const result = victimsOn(node, means);
      if ("why" in result) refusals.set(node, result);
      else candidates.push(result);
    }
    const [best] = candidates.toSorted(leastHarm);
    if (best) return { nodeName: best.node.name, victims: best.victims.map(({ pod: victim }) => victim) };
    const text = failureText({ nodeCount: table.nodes.length, verdicts: refusals, absent: NOT_HELPFUL });
    return { why: `preemption: ${text}` };
  },
});

/** Whether victims of an earlier preemption for this pod are still going away. */
function isMakingRoom({ pod, table, verdicts }: Failed): boolean {
  const name = table.nominatedNode(pod.metadata.uid!) ?? pod.status?.nominatedNodeName;
  const node = name ? table.get(name) : undefined;
  if (!node || verdicts.get(node)?.preemptionMayHelp === false) return false;
  const { priority } = podInfoOf(pod);
  return [...node.pods.values()].some(
    (other) => other.priority < priority && other.pod.metadata.deletionTimestamp !== undefined,
  );
}

/** The fewest and least important pods whose going makes the pod fit. Leaves the node as it found it. */
function victimsOn(node: NodeInfo, { pod, trial, budgets }: Means): Candidate | No {
  const { priority } = podInfoOf(pod);
  const lower = [...node.pods.values()].filter((other) => other.priority < priority);
  if (lower.length === 0) return NO_VICTIMS;
  const gone = new Set<PodInfo>();
  const take = (other: PodInfo): void => {
    trial.move({ pod: other, node, by: -1 });
    gone.add(other);
  };
  const putBack = (other: PodInfo): void => {
    trial.move({ pod: other, node, by: 1 });
    gone.delete(other);
  };
  for (const other of lower) take(other);
  try {
    if (!trial.fits(node)) return TOO_LITTLE;
    const byImportance = lower.toSorted(mostImportantFirst);
    const protectedOnes = beyondBudget(byImportance, budgets);
    for (const other of byImportance.toSorted((a, b) => +protectedOnes.has(b) - +protectedOnes.has(a))) {
      putBack(other);
      if (!trial.fits(node)) take(other);
    }
    const victims = byImportance.filter((other) => gone.has(other));
    return { node, victims, beyondBudget: victims.filter((victim) => protectedOnes.has(victim)).length };
  } finally {
    for (const other of [...gone]) putBack(other);
  }
}

function mostImportantFirst(a: PodInfo, b: PodInfo): number {
  return b.priority - a.priority || startOf(a.pod) - startOf(b.pod);
}

function leastHarm(a: Candidate, b: Candidate): number {
  const highest = ({ victims }: Candidate) => Math.max(...victims.map(({ priority }) => priority));
  // Shifted as upstream does it, so that more victims of negative priority are not a smaller sum.
  const sum = ({ victims }: Candidate) =>
    victims.reduce((total, { priority }) => total + priority + 2 ** 31, 0);
  const earliest = (candidate: Candidate) =>
    Math.min(
      ...candidate.victims
        .filter(({ priority }) => priority === highest(candidate))
        .map(({ pod }) => startOf(pod)),
    );
  return (
    a.beyondBudget - b.beyondBudget ||
    highest(a) - highest(b) ||
    sum(a) - sum(b) ||
    a.victims.length - b.victims.length ||
    earliest(b) - earliest(a)
  );
}

function startOf({ status, metadata }: Pod): number {
  return Date.parse(status?.startTime ?? metadata.creationTimestamp ?? "") || 0;
}
