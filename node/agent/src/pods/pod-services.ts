/** What a pod's worker works with: made once by the agent, shared by all workers. */

import type { Api } from "@knarr/client/api.ts";
import type { RuntimeClient } from "@knarr/cri/runtime-client.ts";
import type { Node, Pod, Service } from "@knarr/kinds/generated/core-v1.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { CompleteConfig } from "../config.ts";
import type { Prober } from "../probes/prober.ts";
import type { RuntimeState } from "../runtime/runtime-state.ts";
import type { RuntimeAccess } from "../runtime-access.ts";
import type { ServiceAccountTokens } from "../volumes/service-account-tokens.ts";
import type { Images } from "./images.ts";
import type { PodCgroups } from "./pod-cgroups.ts";
import type { References } from "./references.ts";
import type { StatusWriter } from "./status-writer.ts";

export interface PodServices {
  readonly config: CompleteConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly api: Api;
  readonly runtime: RuntimeClient;
  readonly state: RuntimeState;
  readonly access: RuntimeAccess;
  readonly prober: Prober;
  readonly images: Images;
  readonly cgroups: PodCgroups;
  readonly references: References;
  readonly tokens: ServiceAccountTokens;
  readonly statuses: StatusWriter;
  /** When this agent began: what ran before is recovered, not new. */
  readonly startedAt: number;
  /** The node as the API has it, or as it will be. */
  node(): Node;
  /** The same, asked for now. */
  currentNode(): Promise<Node>;
  services(namespace: string): readonly Service[];
  /** By the pod's RuntimeClass; empty for the default. */
  runtimeHandler(pod: Pod): Promise<string>;
  /** Pods of this node that are not over, for what still fits. */
  activePods(): readonly Pod[];
  event(pod: Pod, type: "Normal" | "Warning", reason: string, message: string, fieldPath?: string): void;
}
