/** The figures that the node's server gives out, each in its form. */

import type { PodSandboxStats } from "@knarr/cri/generated/cri-v1.ts";
import type { CompleteConfig } from "../config.ts";
import { lookAtMachine } from "../node/machine.ts";
import { readNodeStats, type NodeStats, type NodeStatsSource } from "./node-stats.ts";
import { resourceMetrics } from "./resource-metrics.ts";
import { summaryOf } from "./summary.ts";

export interface FiguresOptions extends NodeStatsSource {
  readonly config: Pick<CompleteConfig, "nodeName" | "rootDir" | "imageRoot">;
  /** What only the container runtime knows of pods. */
  sandboxes(): Promise<readonly PodSandboxStats[]>;
}

export class Figures {
  readonly #options: FiguresOptions;
  #previous: NodeStats | undefined;

  constructor(options: FiguresOptions) {
    this.#options = options;
  }

  /** Prometheus text. */
  async resource(): Promise<string> {
    return resourceMetrics(await readNodeStats(this.#options));
  }

  async summary(): Promise<object> {
    const { config } = this.#options;
    const [stats, machine, sandboxes] = await Promise.all([
      readNodeStats(this.#options),
      lookAtMachine(config.rootDir),
      this.#options.sandboxes().catch(() => []), // older runtimes cannot say
    ]);
    const summary = await summaryOf({ ...config, stats, previous: this.#previous, machine, sandboxes });
    this.#previous = stats;
    return summary;
  }
}
