/**
 * All nodes and the pods on them, kept up to date by events and by the scheduler's own decisions.
 *
 * A pod is "assumed" on its node from the moment the scheduler has decided until the watch confirms it or binding fails, so that
 * the next decision counts it. A pod made room for by preemption is "nominated": pods of lower priority count it, too.
 */

import type { Node, Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { Cluster } from "./cluster.ts";
import { NodeInfo } from "./node-info.ts";
import { podInfoOf, type PodInfo } from "./pod-info.ts";

export class NodeTable {
  readonly cluster: Cluster;
  readonly #nodes = new Map<string, NodeInfo>();
  /** Where each pod is counted, by uid. */
  readonly #places = new Map<string, NodeInfo>();
  readonly #assumed = new Set<string>();
  readonly #nominated = new Map<string, { readonly nodeName: string; readonly info: PodInfo }>();
  /** Nodes with pods that say something of other pods: few of many. */
  readonly #withAffinity = new Set<NodeInfo>();
  readonly #imageNodes = new Map<string, number>();
  #list: readonly NodeInfo[] | undefined;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  /** Nodes that exist, in the order they came. */
  get nodes(): readonly NodeInfo[] {
    return (this.#list ??= [...this.#nodes.values()].filter(({ node }) => node !== undefined));
  }

  /** Of them, those with pods that say something of other pods. */
  get nodesWithAffinity(): Iterable<NodeInfo> {
    return this.#withAffinity;
  }

  get(name: string): NodeInfo | undefined {
    const info = this.#nodes.get(name);
    return info?.node ? info : undefined;
  }

  setNode(node: Node): void {
    const info = this.#info(node.metadata.name!);
    if (!info.node) this.#list = undefined;
    this.#countImages(info, -1);
    info.set(node);
    this.#countImages(info, 1);
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name);
    if (!info) return;
    this.#countImages(info, -1);
    info.images = new Map();
    info.labels = {};
    info.node = undefined;
    this.#list = undefined;
    if (info.pods.size === 0) this.#nodes.delete(name);
  }

  /** A pod that the cluster says is on `pod.spec.nodeName`. */
  setPod(pod: Pod): void {
    const uid = pod.metadata.uid!;
    const info = this.#info(pod.spec!.nodeName!);
    if (this.#places.get(uid) !== info) this.removePod(uid);
    this.#assumed.delete(uid);
    this.#nominated.delete(uid);
    this.#places.set(uid, info);
    info.add(pod);
    this.#noteAffinity(info);
  }

  removePod(uid: string): void {
    const info = this.#places.get(uid);
    this.#nominated.delete(uid);
    if (!info) return;
    info.remove(uid);
    this.#noteAffinity(info);
    this.#places.delete(uid);
    this.#assumed.delete(uid);
    if (!info.node && info.pods.size === 0) this.#nodes.delete(info.name);
  }

  /** Counts `pod` on the node before the cluster says so. */
  assume(pod: Pod, nodeName: string): void {
    const info = this.#info(nodeName);
    this.#places.set(pod.metadata.uid!, info);
    this.#assumed.add(pod.metadata.uid!);
    this.#nominated.delete(pod.metadata.uid!);
    info.add(pod);
    this.#noteAffinity(info);
  }

  /** Takes an assumption back; one that the cluster has confirmed stays. */
  forget(uid: string): void {
    if (this.#assumed.has(uid)) this.removePod(uid);
  }

  isAssumed(uid: string): boolean {
    return this.#assumed.has(uid);
  }

  nominate(pod: Pod, nodeName: string | undefined): void {
    if (nodeName === undefined) this.#nominated.delete(pod.metadata.uid!);
    else this.#nominated.set(pod.metadata.uid!, { nodeName, info: podInfoOf(pod) });
  }

  nominatedNode(uid: string): string | undefined {
    return this.#nominated.get(uid)?.nodeName;
  }

  /** Pods of at least the priority of `pod` that are meant for the node but not on it. */
  nominatedTo(nodeName: string, pod: Pod): readonly Pod[] {
    if (this.#nominated.size === 0) return NONE;
    const { priority } = podInfoOf(pod);
    return [...this.#nominated.values()]
      .filter(
        ({ nodeName: on, info }) =>
          on === nodeName && info.priority >= priority && info.pod.metadata.uid !== pod.metadata.uid,
      )
      .map(({ info }) => info.pod);
  }

  /** How many nodes have an image. */
  nodesWithImage(name: string): number {
    return this.#imageNodes.get(name) ?? 0;
  }

  #info(name: string): NodeInfo {
    let info = this.#nodes.get(name);
    if (!info) this.#nodes.set(name, (info = new NodeInfo(name)));
    return info;
  }

  #noteAffinity(info: NodeInfo): void {
    if (info.withAffinity.size > 0) this.#withAffinity.add(info);
    else this.#withAffinity.delete(info);
  }

  #countImages({ images }: NodeInfo, by: 1 | -1): void {
    for (const name of images.keys()) {
      const count = (this.#imageNodes.get(name) ?? 0) + by;
      if (count > 0) this.#imageNodes.set(name, count);
      else this.#imageNodes.delete(name);
    }
  }
}

const NONE: readonly never[] = Object.freeze([]);
