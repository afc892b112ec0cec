/** NodeUnschedulable: a cordoned node takes no pods, but for those that tolerate the taint of that name. */

import type { Taint } from "@knarr/kinds/generated/core-v1.ts";
import { tolerates } from "@knarr/kinds/shared/placement/tolerations.ts";
import { definePlugin, never, yes } from "../framework.ts";

const taint: Taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };
const unschedulable = never("node(s) were unschedulable");

export const nodeUnschedulable = definePlugin({
  name: "NodeUnschedulable",
  wakesOn: [
    { resource: "nodes", change: "add", mayHelp: (_pod, node) => !node.spec?.unschedulable },
    {
      resource: "nodes",
      change: "update",
      mayHelp: (_pod, node, previous) => !!previous?.spec?.unschedulable && !node.spec?.unschedulable,
    },
  ],

  filter({ spec }, { node }) {
    return !node!.spec?.unschedulable || tolerates(spec?.tolerations, taint) ? yes : unschedulable;
  },
});
