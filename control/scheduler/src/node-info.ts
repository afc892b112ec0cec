/** One node as the scheduler sees it: what it has, what is taken, and by whom. */

import type { Node, Pod, Taint } from "@knarr/kinds/generated/core-v1.ts";
import { add, amountsOf, noAmounts, subtract, units, type Amounts } from "./amounts.ts";
import { podInfoOf, type HostPort, type PodInfo } from "./pod-info.ts";

export class NodeInfo {
  readonly name: string;
  /** Absent while pods are known to be on the node but the node itself is not (yet). */
  node: Node | undefined;
  allocatable: Amounts = noAmounts();
  allowedPods = 0;
  /** Of the node, those that keep pods away and those that only make it less liked. */
  taints: readonly Taint[] = [];
  /** Sizes of images on the node by normalized name. */
  images: ReadonlyMap<string, number> = new Map();
  readonly requested: Amounts = noAmounts();
  readonly assumed = { milliCpu: 0, memory: 0 };
  readonly pods = new Map<string, PodInfo>();
  readonly #ports = new Map<string, HostPort>();

  constructor(name: string) {
    this.name = name;
  }

  set(node: Node): void {
    this.node = node;
    this.allocatable = amountsOf(node.status?.allocatable);
    this.allowedPods = units(node.status?.allocatable?.["pods"] ?? 0);
    this.taints = node.spec?.taints ?? [];
    this.images = imagesOf(node);
  }

  add(pod: Pod): void {
    this.remove(pod.metadata.uid!);
    const info = podInfoOf(pod);
    this.pods.set(pod.metadata.uid!, info);
    add(this.requested, info.requests);
    this.assumed.milliCpu += info.assumed.milliCpu;
    this.assumed.memory += info.assumed.memory;
    for (const port of info.hostPorts) this.#ports.set(portKey(port), port);
  }

  remove(uid: string): void {
    const info = this.pods.get(uid);
    if (!info) return;
    this.pods.delete(uid);
    subtract(this.requested, info.requests);
    this.assumed.milliCpu -= info.assumed.milliCpu;
    this.assumed.memory -= info.assumed.memory;
    for (const port of info.hostPorts) this.#ports.delete(portKey(port));
  }

  /** Whether somebody has this port on this address, or on all addresses. */
  isTaken({ ip, protocol, port }: HostPort): boolean {
    if (this.#ports.size === 0) return false;
    if (ip !== "0.0.0.0") {
      return (
        this.#ports.has(portKey({ ip, protocol, port })) ||
        this.#ports.has(portKey({ ip: "0.0.0.0", protocol, port }))
      );
    }
    for (const taken of this.#ports.values()) {
      if (taken.port === port && taken.protocol === protocol) return true;
    }
    return false;
  }
}

function portKey({ ip, protocol, port }: HostPort): string {
  return `${protocol} ${ip} ${port}`;
}

function imagesOf(node: Node): ReadonlyMap<string, number> {
  const images = new Map<string, number>();
  for (const { names = [], sizeBytes = 0 } of node.status?.images ?? []) {
    for (const name of names) images.set(name, sizeBytes);
  }
  return images;
}
