/**
 * The scheduler's extension points. A plugin is one rule about where a pod may or should go; it implements only the points it has
 * an opinion on.
 *
 *   preEnqueue  may this pod be scheduled yet?                        before it enters the queue
 *   less        which of two pods goes first?                         exactly one plugin
 *   preFilter   what filter and score need to know of this pod        once per attempt; may name the only possible nodes
 *   podMoved    that another pod is put on a node or taken away        keeps what preFilter found right, while one tries
 *   filter      may this pod run on this node at all?                 every plugin must agree
 *   postFilter  no node fits: can room be made?                       the first that finds a way
 *   preScore    is there anything to prefer?                          once per attempt, given the nodes that fit
 *   score       how good is this node?                                normalized to 0 (worst) … 100, weighted and summed
 *   bind        make it so                                            exactly one plugin; the only point that may wait
 *
 * A "no" is not an error: it is returned, with words for the user, and ends up in the pod's PodScheduled condition. Throw only when the
 * plugin itself cannot decide; that ends the attempt.
 *
 * Everything but bind runs synchronously within one attempt. That is what lets plugins read the live table of nodes without a copy:
 * nothing can change while an attempt runs.
 */

import type { Api } from "@knarr/client/api.ts";
import type { Node, Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { PodDisruptionBudget } from "@knarr/kinds/generated/policy-v1.ts";
import type { NodeInfo } from "./node-info.ts";
import type { NodeTable } from "./node-table.ts";
import type { PodInfo } from "./pod-info.ts";

/** `undefined` is a yes. */
export type Verdict = undefined | No;

export interface No {
  /** As upstream words it: users and scripts match on it. */
  readonly why: readonly string[];
  /** Evicting pods from this node could change the answer. */
  readonly preemptionMayHelp: boolean;
}

export const yes: Verdict = undefined;

/** No, though evicting pods from this node could change that. */
export function no(...why: readonly string[]): No {
  return { why, preemptionMayHelp: true };
}

/** No, and no eviction will help: it is about the node itself. */
export function never(...why: readonly string[]): No {
  return { why, preemptionMayHelp: false };
}

/** `skip`: the plugin has no opinion on this pod, its filter is not asked. */
export const skip = Symbol("skip");

export interface PreFiltered<S> {
  /** Handed to filter and preScore of the same plugin. */
  readonly state?: S;
  /** Only these nodes can do. */
  readonly nodes?: ReadonlySet<string>;
}

/** A change in the cluster after which a pod that this plugin turned away may fit. */
export type Wake =
  | {
      readonly resource: "nodes";
      readonly change: "add" | "update" | "delete";
      /** Default: always. */
      mayHelp?(pod: Pod, node: Node, previous: Node | undefined): boolean;
    }
  | {
      readonly resource: "pods";
      /** Of a pod on a node: `add` when it gets there, `update` of its labels. */
      readonly change: "add" | "update" | "delete";
      mayHelp?(pod: Pod, other: Pod, previous: Pod | undefined): boolean;
    };

/** A pod that is put on a node (1), or taken away from it (-1), in thought. */
export interface PodMoved {
  readonly pod: PodInfo;
  readonly node: NodeInfo;
  readonly by: 1 | -1;
}

/** `S` is what preFilter works out for filter, `P` what preScore does for score. */
export interface Plugin<S = unknown, P = S> {
  /** As users name it. */
  readonly name: string;
  /** Of its score; default 1. */
  readonly weight?: number;
  readonly wakesOn?: readonly Wake[];

  preEnqueue?(pod: Pod): Verdict;
  less?(a: Queued, b: Queued): boolean;
  preFilter?(pod: Pod, table: NodeTable): PreFiltered<S> | typeof skip;
  /** Keeps what preFilter worked out for `pod` in step with another pod. */
  podMoved?(state: S, pod: Pod, moved: PodMoved): void;
  filter?(pod: Pod, node: NodeInfo, state: S): Verdict;
  postFilter?(failed: Failed): PostFiltered;
  preScore?(pod: Pod, nodes: readonly NodeInfo[], state: S, table: NodeTable): P | typeof skip;
  /** Without preScore it gets what preFilter worked out. */
  score?(pod: Pod, node: NodeInfo, state: P): number;
  /** Changes raw scores into 0 … 100 in place; without it they must be that already. */
  normalize?(scores: number[]): void;
  bind?(pod: Pod, nodeName: string, api: Api): Promise<void>;
}

/** A pod in the queue. */
export interface Queued {
  readonly pod: Pod;
  /** When it was last put into the queue. */
  readonly since: number;
}

/** What postFilter gets to work with. */
export interface Failed {
  readonly pod: Pod;
  readonly table: NodeTable;
  readonly verdicts: ReadonlyMap<NodeInfo, No>;
  trial(): Trial;
  /** Of the whole cluster. */
  budgets(): readonly PodDisruptionBudget[];
}

/** The filters asked again while pods are moved in thought. Whoever takes one away puts it back. */
export interface Trial {
  move(moved: PodMoved): void;
  /** Whether all filters say yes to the pod on this node, nominated pods counted in. */
  fits(node: NodeInfo): boolean;
}

export type PostFiltered =
  | { readonly victims: readonly Pod[]; readonly nodeName: string }
  /** Nothing can be done; the words are added to the pod's message. `waits`: room is being made already, on the nominated node. */
  | { readonly why: string; readonly waits?: boolean };

export const MAX_SCORE = 100;

export function definePlugin<S = undefined, P = S>(plugin: Plugin<S, P>): Plugin<S, P> {
  return plugin;
}

/** Scales scores so that the highest becomes 100; all 0 stay 0. */
export function scaleToHighest(scores: number[]): void {
  const highest = scores.reduce((max, score) => Math.max(max, score), 0);
  if (highest === 0) return;
  for (const [i, score] of scores.entries()) scores[i] = Math.trunc((MAX_SCORE * score) / highest);
}

/** The same the other way round: the highest becomes 0, and all are 100 when all are 0. */
export function scaleToLowest(scores: number[]): void {
  scaleToHighest(scores);
  for (const [i, score] of scores.entries()) scores[i] = MAX_SCORE - score;
}
