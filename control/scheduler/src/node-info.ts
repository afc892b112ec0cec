/** One node as the scheduler sees it: what it has, what is taken, and by whom. */

import type { Node, Pod, Taint } from "@knarr/kinds/generated/core-v1.ts";
import { clash, type HostPort } from "@knarr/kinds/shared/placement/host-ports.ts";
import { add, amountsOf, noAmounts, subtract, units, type Amounts } from "./amounts.ts";
import { podInfoOf, type PodInfo } from "./pod-info.ts";

export class NodeInfo {
  readonly name: string;
  /** Absent while pods are known to be on the node but the node itself is not (yet). */
  node: Node | undefined;
  allocatable: Amounts = noAmounts();
  allowedPods = 0;
  /** Of the node, those that keep pods away and those that only make it less liked. */
  taints: readonly Taint[] = [];
  labels: Readonly<Record<string, string>> = {};
  /** Sizes of images on the node by normalized name. */
  images: ReadonlyMap<string, number> = new Map();
  readonly requested: Amounts = noAmounts();
  readonly assumed = { milliCpu: 0, memory: 0 };
  readonly pods = new Map<string, PodInfo>();
  /** Those of them that say something of other pods. */
  readonly withAffinity = new Map<string, PodInfo>();
  /** Of its pods that have any, by uid. */
  readonly #ports = new Map<string, readonly HostPort[]>();

  constructor(name: string) {
    this.name = name;
  }

  set(node: Node): void {
    this.node = node;
    this.allocatable = amountsOf(node.status?.allocatable);
    this.allowedPods = units(node.status?.allocatable?.["pods"] ?? 0);
    this.taints = node.spec?.taints ?? [];
    this.labels = node.metadata.labels ?? {};
    this.images = imagesOf(node);
  }

  add(pod: Pod): void {
    this.remove(pod.metadata.uid!);
    const info = podInfoOf(pod);
    this.pods.set(pod.metadata.uid!, info);
    add(this.requested, info.requests);
    this.assumed.milliCpu += info.assumed.milliCpu;
    this.assumed.memory += info.assumed.memory;
    if (info.affinity) this.withAffinity.set(pod.metadata.uid!, info);
    if (info.hostPorts.length) this.#ports.set(pod.metadata.uid!, info.hostPorts);
  }

  remove(uid: string): void {
    const info = this.pods.get(uid);
    if (!info) return;
    this.pods.delete(uid);
    subtract(this.requested, info.requests);
    this.assumed.milliCpu -= info.assumed.milliCpu;
    this.assumed.memory -= info.assumed.memory;
    this.withAffinity.delete(uid);
    this.#ports.delete(uid);
  }

  /** Whether somebody has this port on this address, or on all addresses. */
  isTaken(wanted: HostPort): boolean {
    for (const ports of this.#ports.values()) if (ports.some((port) => clash(port, wanted))) return true;
    return false;
  }
}

function imagesOf(node: Node): ReadonlyMap<string, number> {
  const images = new Map<string, number>();
  for (const { names = [], sizeBytes = 0 } of node.status?.images ?? []) {
    for (const name of names) images.set(name, sizeBytes);
  }
  return images;
}
