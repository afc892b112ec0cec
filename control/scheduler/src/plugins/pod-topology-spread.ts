/**
 * PodTopologySpread: pods that are alike are spread over domains (zones, nodes). A constraint that must hold keeps a pod from nodes where its domain would have
 * `maxSkew` more of them than the emptiest domain has; of one that should hold, and of pods without any, domains with fewer of them are liked more.
 */

import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import { definePlugin, MAX_SCORE, never, no, skip, yes, type PodMoved } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import {
  countOn,
  defaultSpreadsOf,
  hasAllKeys,
  HOSTNAME,
  isLike,
  spreadsOf,
  type Spread,
} from "../spread-constraints.ts";

interface Counted {
  readonly spread: Spread;
  /** Pods in each domain. */
  readonly counts: Map<string, number>;
}

interface Liked extends Counted {
  /** More for topologies of many domains, in each of which there are few pods. */
  readonly weight: number;
}

interface Scoring {
  readonly liked: readonly Liked[];
  readonly mustHaveAllKeys: boolean;
}

const uneven = "node(s) didn't match pod topology spread constraints";
const tooUneven = no(uneven);
const withoutLabel = never(`${uneven} (missing required label)`);

export const podTopologySpread = definePlugin<readonly Counted[], Scoring>({
  name: "PodTopologySpread",
  weight: 2,
  wakesOn: [
    { resource: "pods", change: "add", mayHelp: concerns },
    {
      resource: "pods",
      change: "update",
      mayHelp: (pod, other, previous) => concerns(pod, other) || (!!previous && concerns(pod, previous)),
    },
    { resource: "pods", change: "delete", mayHelp: concerns },
    { resource: "nodes", change: "add" },
    {
      resource: "nodes",
      change: "update",
      mayHelp: (_pod, { metadata, spec }, previous) =>
        !semanticEqual(metadata.labels, previous?.metadata.labels) ||
        !semanticEqual(spec?.taints, previous?.spec?.taints),
    },
    { resource: "nodes", change: "delete" },
  ],

  preFilter(pod, table) {
    const spreads = spreadsOf(pod, "DoNotSchedule");
    if (spreads.length === 0) return skip;
    const state = spreads.map((spread) => ({ spread, counts: new Map<string, number>() }));
    for (const node of table.nodes)
      if (hasAllKeys(node, spreads)) for (const each of state) countNode(each, node, pod);
    return { state };
  },

  podMoved(state, pod, { pod: other, node, by }: PodMoved) {
    if (!state.every(({ spread: { topologyKey } }) => node.labels[topologyKey] !== undefined)) return;
    for (const { spread, counts } of state) {
      if (!isLike(other.pod, spread.selector, pod.metadata.namespace) || !spread.counts(node)) continue;
      const value = node.labels[spread.topologyKey]!;
      counts.set(value, (counts.get(value) ?? 0) + by);
    }
  },

  filter(pod, node, state) {
    for (const { spread, counts } of state) {
      const value = node.labels[spread.topologyKey];
      if (value === undefined) return withoutLabel;
      const emptiest = counts.size < spread.minDomains ? 0 : Math.min(...counts.values());
      const itself = spread.selector.matches(pod.metadata.labels) ? 1 : 0;
      if ((counts.get(value) ?? 0) + itself - emptiest > spread.maxSkew) return tooUneven;
    }
    return yes;
  },

  preScore(pod, nodes, _state, table) {
    const mustHaveAllKeys = (pod.spec?.topologySpreadConstraints ?? []).length > 0;
    const spreads = mustHaveAllKeys
      ? spreadsOf(pod, "ScheduleAnyway")
      : defaultSpreadsOf(pod, table.cluster.selectorOfLike(pod));
    if (spreads.length === 0) return skip;
    const isLeftOut = (node: NodeInfo): boolean => mustHaveAllKeys && !hasAllKeys(node, spreads);
    const scored = nodes.filter((node) => !isLeftOut(node));
    const liked = spreads.map((spread) => likedBy(spread, scored));
    for (const node of table.nodes) {
      if (isLeftOut(node)) continue;
      for (const each of liked)
        if (each.counts.has(node.labels[each.spread.topologyKey] ?? "")) countNode(each, node, pod);
    }
    return { liked, mustHaveAllKeys };
  },

  /** NaN for a node that lacks a label and is not compared. */
  score(pod, node, { liked, mustHaveAllKeys }) {
    let score = 0;
    for (const { spread, counts, weight } of liked) {
      const value = node.labels[spread.topologyKey];
      if (value === undefined) {
        if (mustHaveAllKeys) return NaN;
        continue;
      }
      const count =
        spread.topologyKey === HOSTNAME ? countOn(node, spread, pod.metadata.namespace) : counts.get(value)!;
      score += count * weight + spread.maxSkew - 1;
    }
    return Math.round(score);
  },

  /** The fewer the better. */
  normalize(scores) {
    const compared = scores.filter((score) => !Number.isNaN(score));
    const [lowest, highest] = [Math.min(...compared), Math.max(...compared)];
    for (const [i, score] of scores.entries()) {
      if (Number.isNaN(score)) scores[i] = 0;
      else if (highest === 0) scores[i] = MAX_SCORE;
      else scores[i] = Math.trunc((MAX_SCORE * (highest + lowest - score)) / highest);
    }
  },
});

/** Whether the other pod is one of those that a constraint of `pod` counts. */
function concerns(pod: Pod, other: Pod): boolean {
  if (pod.metadata.namespace !== other.metadata.namespace) return false;
  const spreads = spreadsOf(pod, "DoNotSchedule");
  return spreads.some(({ selector }) => selector.matches(other.metadata.labels));
}

function countNode({ spread, counts }: Counted, node: NodeInfo, { metadata }: Pod): void {
  if (!spread.counts(node)) return;
  const value = node.labels[spread.topologyKey] ?? "";
  counts.set(value, (counts.get(value) ?? 0) + countOn(node, spread, metadata.namespace));
}

/** Domains of the nodes that are compared. Single nodes are looked at when they are scored. */
function likedBy(spread: Spread, scored: readonly NodeInfo[]): Liked {
  const isByNode = spread.topologyKey === HOSTNAME;
  const domains = new Set(isByNode ? [] : scored.map(({ labels }) => labels[spread.topologyKey] ?? ""));
  const counts = new Map([...domains].map((value) => [value, 0]));
  return { spread, counts, weight: Math.log((isByNode ? scored.length : domains.size) + 2) };
}
