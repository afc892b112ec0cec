/**
 * The admission plugins that are on, in upstream's order. A new one is one file in `plugins/` and one line here.
 */

import type { Clock } from "@knarr/std/clock.ts";
import type { Access } from "../access.ts";
import type { Caches } from "../cache/cache.ts";
import type { AdmissionPlugin } from "./plugin.ts";
import { defaultTolerationSeconds } from "./plugins/default-toleration-seconds.ts";
import { namespaceLifecycle } from "./plugins/namespace-lifecycle.ts";
import { nodeRestriction } from "./plugins/node-restriction.ts";
import { podTopologyLabels } from "./plugins/pod-topology-labels.ts";
import { priority } from "./plugins/priority.ts";
import { rbacEscalation } from "./plugins/rbac-escalation.ts";
import { serviceAccountPlugin } from "./plugins/service-account.ts";
import { taintNodesByCondition } from "./plugins/taint-nodes-by-condition.ts";

/** What plugins may need beyond the world they are shown. */
export interface PluginContext {
  readonly access: Access;
  readonly caches: Caches;
  readonly clock: Clock;
}

export function admissionPlugins({ access, caches }: PluginContext): readonly AdmissionPlugin[] {
  return [
    namespaceLifecycle,
    serviceAccountPlugin(caches),
    nodeRestriction,
    taintNodesByCondition,
    priority,
    defaultTolerationSeconds,
    podTopologyLabels,
    rbacEscalation(access),
  ];
}
