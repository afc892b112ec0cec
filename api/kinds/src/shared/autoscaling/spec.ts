/** The rules of a HorizontalPodAutoscaler's spec: whom it scales, between which numbers, how fast. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

import type {
  CrossVersionObjectReference,
  HorizontalPodAutoscalerSpec,
  HPAScalingPolicy,
  HPAScalingRules,
} from "../../../generated/autoscaling-v2.ts";
import { canonical, isNegative } from "../amounts.ts";
import { checkOneOf } from "../values.ts";
import { validateMetric } from "./metrics.ts";
import { type References, validateReference, versionProblem } from "./references.ts";

const MOST_PERIOD_SECONDS = 1800;
const MOST_WINDOW_SECONDS = 3600;

export function validateAutoscaling(
  spec: HorizontalPodAutoscalerSpec,
  previous: HorizontalPodAutoscalerSpec | undefined,
  errors: FieldErrors,
): void {
  const { minReplicas: min, maxReplicas: max = 0, scaleTargetRef: target, metrics = [], behavior } = spec;
  const lowest = previous?.minReplicas === 0 ? 0 : 1;
  if (min != null && min < lowest)
    errors.at("minReplicas").invalid(min, `must be greater than or equal to ${lowest}`);
  const most = errors.at("maxReplicas");
  if (max === 0) most.required("must be set and greater than 0");
  if (max < 0) most.invalid(max, "must be greater than or equal to 1");
  if (min != null && max < min) most.invalid(max, "must be greater than or equal to `minReplicas`");
  validateReference(target, errors.at("scaleTargetRef"), targetReferences(target, previous?.scaleTargetRef));
  const references = metricReferences(previous);
  metrics.forEach((metric, i) => validateMetric(metric, errors.at("metrics").at(i), references));
  if (min === 0 && !metrics.some(({ type }) => type === "Object" || type === "External"))
    errors
      .at("metrics")
      .forbidden("must specify at least one Object or External metric to support scaling to zero replicas");
  if (behavior?.scaleUp) validateRules(behavior.scaleUp, errors.at("behavior").at("scaleUp"));
  if (behavior?.scaleDown) validateRules(behavior.scaleDown, errors.at("behavior").at("scaleDown"));
}

function targetReferences(
  now: CrossVersionObjectReference | undefined,
  before: CrossVersionObjectReference | undefined,
): References {
  const isSame = (now?.apiVersion ?? "") === (before?.apiVersion ?? "") && now?.kind === before?.kind;
  return before && isSame ? { allowsAny: true } : { allowsCore: now?.kind === "ReplicationController" };
}

function metricReferences(previous: HorizontalPodAutoscalerSpec | undefined): References {
  const wasBad = (previous?.metrics ?? []).some(
    ({ type, object }) =>
      type === "Object" && object && versionProblem(object.describedObject, { allowsCore: true }),
  );
  return { allowsCore: true, allowsAny: wasBad };
}

function validateRules(rules: HPAScalingRules, errors: FieldErrors): void {
  const { stabilizationWindowSeconds: window, selectPolicy, policies = [], tolerance } = rules;
  const at = errors.at("stabilizationWindowSeconds");
  if (window != null && window < 0) at.invalid(window, "must be greater than or equal to zero");
  if (window != null && window > MOST_WINDOW_SECONDS)
    at.invalid(window, `must be less than or equal to ${MOST_WINDOW_SECONDS}`);
  checkOneOf(errors.at("selectPolicy"), selectPolicy, ["Disabled", "Max", "Min"]);
  if (!policies.length) errors.at("policies").required("must specify at least one Policy");
  policies.forEach((policy, i) => validatePolicy(policy, errors.at("policies").at(i)));
  if (tolerance != null && isNegative(tolerance))
    errors.at("tolerance").invalid(canonical(tolerance), "must be greater than or equal to 0");
}

function validatePolicy({ type, value, periodSeconds }: HPAScalingPolicy, errors: FieldErrors): void {
  checkOneOf(errors.at("type"), type ?? "", ["Percent", "Pods"]);
  if ((value ?? 0) <= 0) errors.at("value").invalid(value ?? 0, "must be greater than zero");
  const at = errors.at("periodSeconds");
  const period = periodSeconds ?? 0;
  if (period <= 0) at.invalid(period, "must be greater than zero");
  if (period > MOST_PERIOD_SECONDS)
    at.invalid(period, `must be less than or equal to ${MOST_PERIOD_SECONDS}`);
}
