/** The two priority classes that every cluster has: for what a cluster cannot do without. */

import type { PriorityClass } from "@knarr/kinds/generated/scheduling-v1.ts";

export const systemPriorityClasses: readonly PriorityClass[] = [
  {
    metadata: { name: "system-node-critical" },
    value: 2_000_001_000,
    globalDefault: false,
    description: "Used for system critical pods that must not be moved from their current node.",
  },
  {
    metadata: { name: "system-cluster-critical" },
    value: 2_000_000_000,
    globalDefault: false,
    description:
      "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
  },
];
