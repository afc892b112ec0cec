/** DefaultTolerationSeconds: pods stay for five minutes on a node that is not ready or not reached, unless they say otherwise. */

import type { Toleration } from "@knarr/kinds/generated/core-v1.ts";
import type { AdmissionPlugin } from "../plugin.ts";
import { isFor } from "../refuse.ts";

const SECONDS = 300;
const TAINTS = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: "DefaultTolerationSeconds",
  handles: ["CREATE", "UPDATE"],

  mutate({ spec }, request) {
    if (!isFor(request, "", "pods")) return;
    const tolerations: readonly Toleration[] = spec.tolerations ?? [];
    const missing = TAINTS.filter((taint) => !tolerations.some((one) => tolerates(one, taint)));
    if (missing.length === 0) return;
    spec.tolerations = [
      ...tolerations,
      ...missing.map((key) => ({
        key,
        operator: "Exists",
        effect: "NoExecute",
        tolerationSeconds: SECONDS,
      })),
    ];
  },
};

function tolerates({ key, effect }: Toleration, taint: string): boolean {
  return (!key || key === taint) && (!effect || effect === "NoExecute");
}
