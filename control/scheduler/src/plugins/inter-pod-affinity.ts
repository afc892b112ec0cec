/**
 * InterPodAffinity: pods that must be near others, or away from them. What pods require of others filters; what they would like, and the affinity that
 * pods which are there already require, is a score. Anti-affinity holds both ways: a pod does not go where one is that keeps its like away.
 */

import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import { definePlugin, MAX_SCORE, never, no, skip, yes, type PodMoved } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import type { NodeTable } from "../node-table.ts";
import { isAbout, type AffinityTerm, type PodAffinity } from "../pod-affinity.ts";
import { podInfoOf, type PodInfo } from "../pod-info.ts";
import { TopologyCounts } from "../topology-counts.ts";

interface State {
  readonly own: PodAffinity;
  readonly isAbout: (term: AffinityTerm, pod: Pod) => boolean;
  /** Pods that the pod must be near: those that all its terms are about. */
  readonly friends: TopologyCounts;
  /** Pods that it must keep away from. */
  readonly foes: TopologyCounts;
  /** Pods that keep away from it. */
  readonly shunning: TopologyCounts;
}

const NOTHING: PodAffinity = { required: [], requiredAnti: [], preferred: [] };
/** Of what a pod that is there requires, for one that comes. */
const REQUIRED_WEIGHT = 1;

const noFriends = never("node(s) didn't match pod affinity rules");
const nearFoes = no("node(s) didn't match pod anti-affinity rules");
const shunned = no("node(s) didn't satisfy existing pods anti-affinity rules");

export const interPodAffinity = definePlugin<State, TopologyCounts>({
  name: "InterPodAffinity",
  weight: 2,
  wakesOn: [
    { resource: "pods", change: "add", mayHelp: requiresFriends },
    { resource: "pods", change: "update" },
    { resource: "pods", change: "delete" },
    { resource: "nodes", change: "add" },
    {
      resource: "nodes",
      change: "update",
      mayHelp: (_pod, { metadata }, previous) => !semanticEqual(metadata.labels, previous?.metadata.labels),
    },
  ],

  preFilter(pod, table) {
    const own = podInfoOf(pod).affinity ?? NOTHING;
    const [friends, foes, shunning] = [new TopologyCounts(), new TopologyCounts(), new TopologyCounts()];
    const state = { own, isAbout: termsOf(table), friends, foes, shunning };
    const isChoosy = own.required.length > 0 || own.requiredAnti.length > 0;
    forEachPod(table, isChoosy, (other, node) => count(state, pod, { pod: other, node, by: 1 }));
    return isChoosy || !shunning.isEmpty ? { state } : skip;
  },

  podMoved: count,

  filter(pod, node, state) {
    if (!isNearFriends(pod, node, state)) return noFriends;
    const { own, foes, shunning } = state;
    if (own.requiredAnti.some(({ topologyKey }) => foes.of(node, topologyKey) > 0)) return nearFoes;
    for (const key of shunning.keys) if (shunning.of(node, key) > 0) return shunned;
    return yes;
  },

  preScore(pod, _nodes, _state, table) {
    const { preferred } = podInfoOf(pod).affinity ?? NOTHING;
    const matches = termsOf(table);
    const liking = new TopologyCounts();
    forEachPod(table, preferred.length > 0, ({ pod: other, affinity = NOTHING }, node) => {
      for (const term of preferred) if (matches(term, other)) liking.add(node, term.topologyKey, term.weight);
      for (const term of affinity.required)
        if (matches(term, pod)) liking.add(node, term.topologyKey, REQUIRED_WEIGHT);
      for (const term of affinity.preferred)
        if (matches(term, pod)) liking.add(node, term.topologyKey, term.weight);
    });
    return liking.isEmpty ? skip : liking;
  },

  score(_pod, node, liking) {
    let score = 0;
    for (const key of liking.keys) score += liking.of(node, key);
    return score;
  },

  normalize(scores) {
    const lowest = Math.min(...scores);
    const range = Math.max(...scores) - lowest;
    for (const [i, score] of scores.entries())
      scores[i] = range && Math.trunc(MAX_SCORE * ((score - lowest) / range));
  },
});

function requiresFriends(pod: Pod): boolean {
  return (podInfoOf(pod).affinity ?? NOTHING).required.length > 0;
}

function termsOf({ cluster }: NodeTable): State["isAbout"] {
  const labelsOf = (namespace: string) => cluster.namespaceLabels(namespace);
  return (term, pod) => isAbout(term, pod, labelsOf);
}

/** All pods on nodes, or only those that say something of others. */
function forEachPod(table: NodeTable, all: boolean, visit: (pod: PodInfo, node: NodeInfo) => void): void {
  for (const node of all ? table.nodes : table.nodesWithAffinity)
    for (const pod of (all ? node.pods : node.withAffinity).values()) visit(pod, node);
}

function count(state: State, pod: Pod, { pod: other, node, by }: PodMoved): void {
  const { own, isAbout: matches, friends, foes, shunning } = state;
  for (const term of other.affinity?.requiredAnti ?? [])
    if (matches(term, pod)) shunning.add(node, term.topologyKey, by);
  if (own.required.length > 0 && own.required.every((term) => matches(term, other.pod)))
    for (const { topologyKey } of own.required) friends.add(node, topologyKey, by);
  for (const term of own.requiredAnti) if (matches(term, other.pod)) foes.add(node, term.topologyKey, by);
}

/** The first of pods that must be near their like has none to be near: any node will do that has the labels. */
function isNearFriends(pod: Pod, node: NodeInfo, { own, isAbout: matches, friends }: State): boolean {
  if (own.required.some(({ topologyKey }) => node.labels[topologyKey] === undefined)) return false;
  if (own.required.every(({ topologyKey }) => friends.of(node, topologyKey) > 0)) return true;
  return friends.isEmpty && own.required.every((term) => matches(term, pod));
}
