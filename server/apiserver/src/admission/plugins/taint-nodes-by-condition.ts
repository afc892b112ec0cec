/** TaintNodesByCondition: a new node takes no pods until it is found ready. */

import type { AdmissionPlugin } from "../plugin.ts";
import { isFor } from "../refuse.ts";

const NOT_READY = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };

export const taintNodesByCondition: AdmissionPlugin = {
  name: "TaintNodesByCondition",
  handles: ["CREATE"],

  mutate(node, request) {
    if (!isFor(request, "", "nodes")) return;
    const taints: { key: string; effect: string }[] = ((node.spec ??= {}).taints ??= []);
    if (!taints.some(({ key, effect }) => key === NOT_READY.key && effect === NOT_READY.effect))
      taints.push({ ...NOT_READY });
  },
};
