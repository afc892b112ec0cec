/** The kinds of autoscaling, in the versions that upstream serves. */

import type { HorizontalPodAutoscaler as V1 } from "../../generated/autoscaling-v1.ts";
import type { HorizontalPodAutoscaler } from "../../generated/autoscaling-v2.ts";
import { defineGroup } from "../group.ts";
import { fromOldForm, toOldForm } from "../shared/autoscaling/old-form.ts";
import { inVersion } from "../shared/versions.ts";
import { horizontalPodAutoscaler } from "./horizontal-pod-autoscaler.ts";
import { scale } from "./scale.ts";

export const autoscalingV2 = defineGroup({
  group: "autoscaling",
  version: "v2",
  resources: [horizontalPodAutoscaler],
});

export const autoscaling = defineGroup({
  group: "autoscaling",
  version: "v1",
  resources: [
    inVersion<V1, HorizontalPodAutoscaler>(horizontalPodAutoscaler, "v1", {
      schema: "io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler",
      toHub: fromOldForm,
      fromHub: toOldForm,
    }),
  ],
  bodies: [scale],
});
