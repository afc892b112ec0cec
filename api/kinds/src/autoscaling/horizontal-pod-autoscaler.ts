/** Scales a workload up and down by what its pods use, between two limits. */

import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerSpec,
  HPAScalingRules,
  MetricSpec,
} from "../../generated/autoscaling-v2.ts";
import { defineResource } from "../resource.ts";
import { canonical } from "../shared/amounts.ts";
import { targetsOf } from "../shared/autoscaling/columns.ts";
import { withoutOldForm } from "../shared/autoscaling/old-form.ts";
import { validateAutoscaling } from "../shared/autoscaling/spec.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { checkNotNegative } from "../shared/values.ts";

export const horizontalPodAutoscaler = defineResource<HorizontalPodAutoscaler>({
  group: "autoscaling",
  version: "v2",
  kind: "HorizontalPodAutoscaler",
  schema: "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler",
  plural: "horizontalpodautoscalers",
  shortNames: ["hpa"],
  categories: ["all"],
  scope: "Namespaced",
  hasGeneration: false,

  defaults(object) {
    object.metadata = withoutOldForm(object.metadata);
    const spec = (object.spec ??= {} as HorizontalPodAutoscalerSpec);
    spec.minReplicas ??= 1;
    if (!spec.metrics?.length) spec.metrics = [cpuAt(DEFAULT_CPU_PERCENT)];
    for (const metric of spec.metrics) defaultAmounts(metric);
    if (!spec.behavior) return;
    spec.behavior.scaleUp = rulesWith(spec.behavior.scaleUp, SCALE_UP);
    spec.behavior.scaleDown = rulesWith(spec.behavior.scaleDown, SCALE_DOWN);
  },

  validate: ({ spec }, errors) => validateAutoscaling(spec!, undefined, errors.at("spec")),
  validatesOnUpdate: false,
  validateUpdate: ({ spec }, previous, errors) =>
    validateAutoscaling(spec!, previous.spec, errors.at("spec")),

  columns: [
    nameColumn,
    { name: "Reference", value: ({ spec }) => `${spec?.scaleTargetRef.kind}/${spec?.scaleTargetRef.name}` },
    { name: "Targets", value: targetsOf },
    { name: "MinPods", value: ({ spec }) => String(spec?.minReplicas ?? "<unset>") },
    { name: "MaxPods", value: ({ spec }) => spec?.maxReplicas ?? 0 },
    { name: "Replicas", value: ({ status }) => status?.currentReplicas ?? 0 },
    ageColumn,
  ],

  subresources: {
    status: {
      validateUpdate({ status }, _previous, errors) {
        for (const field of ["currentReplicas", "desiredReplicas"] as const)
          checkNotNegative(errors.at("status").at(field), status?.[field]);
      },
    },
  },
});

const DEFAULT_CPU_PERCENT = 80;

function cpuAt(averageUtilization: number): MetricSpec {
  return { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization } } };
}

function defaultAmounts({ object, external, pods, resource, containerResource }: MetricSpec): void {
  for (const source of [object, external, pods, resource, containerResource])
    for (const field of ["value", "averageValue"] as const) {
      const amount = source?.target?.[field];
      if (amount != null && amount !== canonical(amount)) source!.target[field] = canonical(amount);
    }
}

/** Doubling or four pods, whichever is more, every quarter of a minute. */
const SCALE_UP: HPAScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: "Max",
  policies: [
    { type: "Pods", value: 4, periodSeconds: 15 },
    { type: "Percent", value: 100, periodSeconds: 15 },
  ],
};
/** All at once; how long to wait before is the controller's own setting. */
const SCALE_DOWN: HPAScalingRules = {
  selectPolicy: "Max",
  policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
};

function rulesWith(given: HPAScalingRules | undefined, defaults: HPAScalingRules): HPAScalingRules {
  const { stabilizationWindowSeconds: window, selectPolicy, policies, tolerance } = given ?? {};
  return {
    ...structuredClone(defaults),
    ...(window != null && { stabilizationWindowSeconds: window }),
    ...(selectPolicy != null && { selectPolicy }),
    ...(policies != null && { policies }),
    ...(tolerance != null && { tolerance: canonical(tolerance) }),
  };
}
