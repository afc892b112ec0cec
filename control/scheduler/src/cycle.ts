/**
 * One attempt to find a node for a pod: filter, then score.
 *
 * On a large cluster not every node is looked at: filtering stops when enough nodes fit (half of them on 100 nodes, 10 % on
 * 5,000, never fewer than 100), and the next attempt begins where this one stopped, so that all nodes get their turn.
 */

import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { skip, type No, type Plugin, type PodMoved, type Trial, type Verdict } from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";
import type { NodeTable } from "./node-table.ts";
import { podInfoOf } from "./pod-info.ts";

export type Attempt =
  | { readonly nodeName: string }
  | {
      readonly nodeName?: undefined;
      readonly failure: Failure;
    };

export interface Failure {
  readonly nodeCount: number;
  readonly verdicts: ReadonlyMap<NodeInfo, No>;
  /** Said of every node without a verdict. */
  readonly absent: No | undefined;
  /** Names of the plugins that said no. */
  readonly rejectors: ReadonlySet<string>;
}

/** A plugin and what it worked out for the pod at hand. */
interface Bound {
  readonly plugin: Plugin<any>;
  readonly state: unknown;
  /** Whether its filter is to be asked. */
  readonly filters: boolean;
}

const MIN_FEASIBLE = 100;
const MIN_PERCENTAGE = 5;

export class Cycle {
  readonly #plugins: readonly Plugin<any>[];
  readonly #table: NodeTable;
  readonly #random: () => number;
  #start = 0;

  constructor(plugins: readonly Plugin<any>[], table: NodeTable, random: () => number = Math.random) {
    this.#plugins = plugins;
    this.#table = table;
    this.#random = random;
  }

  attempt(pod: Pod): Attempt {
    const { bound, possible, restrictedBy } = this.#preFilter(pod);
    const filters = bound.filter((each) => each.filters);
    const verdicts = new Map<NodeInfo, No>();
    const rejectors = new Set<string>(restrictedBy);
    const feasible: NodeInfo[] = [];

    const nominated = this.#nominated(pod, filters);
    if (nominated) feasible.push(nominated);
    else this.#filterAll({ pod, filters, possible, verdicts, rejectors, feasible });

    if (feasible.length === 0) {
      const absent: No | undefined = possible && {
        why: [`node(s) didn't satisfy plugin(s) [${restrictedBy.toSorted().join(" ")}]`],
        preemptionMayHelp: false,
      };
      return { failure: { nodeCount: this.#table.nodes.length, verdicts, absent, rejectors } };
    }
    if (feasible.length === 1) return { nodeName: feasible[0]!.name };
    return { nodeName: this.#best(pod, feasible, bound).name };
  }

  /** The attempt's filters, to be asked while pods are moved in thought. */
  trial(pod: Pod): Trial {
    const { bound, possible } = this.#preFilter(pod);
    const filters = bound.filter((each) => each.filters);
    return {
      move: (moved) => move(pod, filters, moved),
      fits: (node) => (possible?.has(node.name) ?? true) && this.#ask(pod, node, filters) === undefined,
    };
  }

  #preFilter(pod: Pod): {
    bound: Bound[];
    possible: ReadonlySet<string> | undefined;
    restrictedBy: string[];
  } {
    const bound: Bound[] = [];
    const restrictedBy: string[] = [];
    let possible: ReadonlySet<string> | undefined;
    for (const plugin of this.#plugins) {
      const result = plugin.preFilter?.(pod, this.#table) ?? {};
      if (result === skip) {
        if (plugin.score) bound.push({ plugin, state: undefined, filters: false });
        continue;
      }
      bound.push({ plugin, state: result.state, filters: plugin.filter !== undefined });
      if (!result.nodes) continue;
      restrictedBy.push(plugin.name);
      possible = possible ? possible.intersection(result.nodes) : result.nodes;
    }
    return { bound, possible, restrictedBy };
  }

  /** The node that room was made on for this pod, if it fits there now. */
  #nominated(pod: Pod, filters: readonly Bound[]): NodeInfo | undefined {
    const name = this.#table.nominatedNode(pod.metadata.uid!) ?? pod.status?.nominatedNodeName;
    const node = name ? this.#table.get(name) : undefined;
    return node && !this.#ask(pod, node, filters) ? node : undefined;
  }

  #filterAll(search: {
    readonly pod: Pod;
    readonly filters: readonly Bound[];
    readonly possible: ReadonlySet<string> | undefined;
    readonly verdicts: Map<NodeInfo, No>;
    readonly rejectors: Set<string>;
    readonly feasible: NodeInfo[];
  }): void {
    const { pod, filters, possible, verdicts, rejectors, feasible } = search;
    const nodes = possible
      ? [...possible].map((name) => this.#table.get(name)).filter((node) => node !== undefined)
      : this.#table.nodes;
    const enough = feasibleNodesToFind(nodes.length);
    const start = possible ? 0 : this.#start % Math.max(nodes.length, 1);
    let looked = 0;
    for (; looked < nodes.length && feasible.length < enough; looked++) {
      const node = nodes[(start + looked) % nodes.length]!;
      const answer = this.#ask(pod, node, filters);
      if (!answer) feasible.push(node);
      else {
        verdicts.set(node, answer.no);
        rejectors.add(answer.plugin);
      }
    }
    if (!possible) this.#start = start + looked;
  }

  /** The first no to the pod on this node; pods nominated to it count as being there. */
  #ask(pod: Pod, node: NodeInfo, filters: readonly Bound[]): { no: No; plugin: string } | undefined {
    const expected = this.#table.nominatedTo(node.name, pod).filter((p) => !node.pods.has(p.metadata.uid!));
    if (expected.length > 0) {
      const moved = expected.map((other) => ({ pod: podInfoOf(other), node }));
      for (const each of moved) move(pod, filters, { ...each, by: 1 });
      const answer = ask(pod, node, filters);
      for (const each of moved) move(pod, filters, { ...each, by: -1 });
      if (answer) return answer;
    }
    return ask(pod, node, filters);
  }

  #best(pod: Pod, feasible: readonly NodeInfo[], bound: readonly Bound[]): NodeInfo {
    const totals = new Float64Array(feasible.length);
    for (const { plugin, state } of bound) {
      if (!plugin.score) continue;
      const prepared = plugin.preScore ? plugin.preScore(pod, feasible, state, this.#table) : state;
      if (prepared === skip) continue;
      const scores = feasible.map((node) => plugin.score!(pod, node, prepared));
      plugin.normalize?.(scores);
      const { weight = 1 } = plugin;
      for (let i = 0; i < scores.length; i++) totals[i]! += scores[i]! * weight;
    }
    return feasible[this.#highest(totals)]!;
  }

  /** Index of the highest total; among equals each has the same chance. */
  #highest(totals: Float64Array): number {
    let best = 0;
    let equals = 1;
    for (let i = 1; i < totals.length; i++) {
      if (totals[i]! > totals[best]!) {
        best = i;
        equals = 1;
      } else if (totals[i] === totals[best] && this.#random() * ++equals < 1) best = i;
    }
    return best;
  }
}

function move(pod: Pod, filters: readonly Bound[], moved: PodMoved): void {
  if (moved.by > 0) moved.node.add(moved.pod.pod);
  else moved.node.remove(moved.pod.pod.metadata.uid!);
  for (const { plugin, state } of filters) plugin.podMoved?.(state, pod, moved);
}

function ask(pod: Pod, node: NodeInfo, filters: readonly Bound[]): { no: No; plugin: string } | undefined {
  for (const { plugin, state } of filters) {
    const no: Verdict = plugin.filter!(pod, node, state);
    if (no) return { no, plugin: plugin.name };
  }
  return undefined;
}

export function feasibleNodesToFind(nodes: number): number {
  if (nodes < MIN_FEASIBLE) return nodes;
  const percentage = Math.max(50 - Math.trunc(nodes / 125), MIN_PERCENTAGE);
  return Math.max(Math.trunc((nodes * percentage) / 100), MIN_FEASIBLE);
}
