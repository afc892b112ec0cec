/** Where pods stand in the cgroup tree, by their quality of service. */

import { join } from "node:path";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { CgroupUsage } from "../stats/cgroup-usage.ts";
import type { Cgroups } from "../runtime/cgroups.ts";
import { qosClass, type QosClass } from "./qos.ts";
import { cpuShares, podLimits, podRequest } from "./resources.ts";

const parents = {
  Guaranteed: "",
  Burstable: "/burstable",
  BestEffort: "/besteffort",
} as const satisfies Record<QosClass, string>;

export class PodCgroups {
  readonly #cgroups: Cgroups;
  readonly #root: string;

  /** `root` is the cgroup above `kubepods`; empty for the top. */
  constructor(cgroups: Cgroups, root: string) {
    this.#cgroups = cgroups;
    this.#root = join("/", root, "kubepods"); // a relative path would be below the runtime's own
  }

  pathOf(pod: Pod): string {
    return `${this.#root}${parents[qosClass(pod)]}/pod${pod.metadata!.uid}`;
  }

  async ensure(pod: Pod): Promise<string> {
    const path = this.pathOf(pod);
    await this.#cgroups.apply(path, podLimits(pod));
    return path;
  }

  /** Of the pod, or of the cgroup `below` its own: a container's. Undefined when it is not there. */
  usage(pod: Pod, below = ""): Promise<CgroupUsage | undefined> {
    return this.#cgroups.usage(`${this.pathOf(pod)}/${below}`);
  }

  /** The share of each class among all, from the pods there are: best effort gets what nobody wants. */
  async balance(pods: readonly Pod[], milliCpuCapacity: number): Promise<void> {
    const burstable = pods.filter((pod) => qosClass(pod) === "Burstable");
    const requested = burstable.reduce((sum, pod) => sum + podRequest(pod, "cpu"), 0);
    await this.#cgroups.apply(this.#root, { cpuShares: cpuShares(milliCpuCapacity) });
    await this.#cgroups.apply(`${this.#root}/burstable`, { cpuShares: cpuShares(requested) });
    await this.#cgroups.apply(`${this.#root}/besteffort`, { cpuShares: cpuShares(0) });
  }

  /** Of whatever class: the pod's spec may be gone. */
  async remove(uid: string): Promise<void> {
    for (const parent of Object.values(parents))
      await this.#cgroups.remove(`${this.#root}${parent}/pod${uid}`);
  }

  /** The pods that have a cgroup, by uid. */
  async uids(): Promise<readonly string[]> {
    const lists = Object.values(parents).map((parent) => this.#cgroups.children(`${this.#root}${parent}`));
    const names = (await Promise.all(lists)).flat();
    return [...new Set(names.filter((name) => name.startsWith("pod")).map((name) => name.slice(3)))];
  }
}
