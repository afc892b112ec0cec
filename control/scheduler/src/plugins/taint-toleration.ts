/** TaintToleration: taints keep pods away that do not tolerate them, or (PreferNoSchedule) make a node less liked. */

import type { Toleration } from "@knarr/kinds/generated/core-v1.ts";
import { tolerates, toleratesNode } from "@knarr/kinds/shared/placement/tolerations.ts";
import { definePlugin, never, scaleToLowest, skip, yes } from "../framework.ts";

const untolerated = never("node(s) had untolerated taint(s)");

export const taintToleration = definePlugin<readonly Toleration[] | undefined>({
  name: "TaintToleration",
  weight: 3,
  wakesOn: [
    {
      resource: "nodes",
      change: "add",
      mayHelp: (pod, { spec }) => toleratesNode(pod.spec?.tolerations, spec?.taints),
    },
    {
      resource: "nodes",
      change: "update",
      mayHelp: (pod, { spec }, previous) =>
        toleratesNode(pod.spec?.tolerations, spec?.taints) &&
        !toleratesNode(pod.spec?.tolerations, previous?.spec?.taints),
    },
  ],

  filter(pod, { taints }) {
    return taints.length === 0 || toleratesNode(pod.spec?.tolerations, taints) ? yes : untolerated;
  },

  preScore({ spec }, nodes) {
    const isLiked = nodes.every(({ taints }) => taints.every(({ effect }) => effect !== "PreferNoSchedule"));
    if (isLiked) return skip;
    return spec?.tolerations?.filter(({ effect }) => !effect || effect === "PreferNoSchedule");
  },

  /** How many taints would rather not have the pod. */
  score(_pod, { taints }, tolerations) {
    return taints.filter((taint) => taint.effect === "PreferNoSchedule" && !tolerates(tolerations, taint))
      .length;
  },

  normalize: scaleToLowest,
});
