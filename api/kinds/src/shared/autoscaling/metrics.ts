/** The rules of what an autoscaler looks at: one source a metric, each with a target. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Label, nameIsPathSegment } from "@knarr/machinery/names.ts";

import type {
  ContainerResourceMetricSource,
  ExternalMetricSource,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
  ObjectMetricSource,
  PodsMetricSource,
  ResourceMetricSource,
} from "../../../generated/autoscaling-v2.ts";
import { canonical, isPositive } from "../amounts.ts";
import { checkContainerResourceName } from "../resource-name-rules.ts";
import { reject } from "../values.ts";
import { type References, validateReference } from "./references.ts";

type Source = Exclude<keyof MetricSpec, "type">;

/** Where a metric of each type has its source, in the order in which upstream looks for them. */
const sources: Readonly<Record<string, Source>> = {
  Object: "object",
  External: "external",
  Pods: "pods",
  Resource: "resource",
  ContainerResource: "containerResource",
};
const types = Object.keys(sources).sort();

export function validateMetric(metric: MetricSpec, errors: FieldErrors, references: References): void {
  const { type = "" } = metric;
  const own = sources[type];
  if (!type) errors.at("type").required("must specify a metric source type");
  if (!own) errors.at("type").notSupported(type, types);
  const present = Object.values(sources).filter((source) => metric[source] != null);
  if (present[0]) validateSource(metric, present[0], errors.at(present[0]), references);
  if (!own) errors.at("type").notSupported(type, types);
  else if (metric[own] == null)
    errors.at(own).required("must populate information for the given metric source");
  if (present.length === 1) return;
  for (const source of present)
    if (source !== own) errors.at(source).forbidden("must populate the given metric source only");
}

function validateSource(metric: MetricSpec, source: Source, errors: FieldErrors, references: References) {
  switch (source) {
    case "object":
      return validateObject(metric.object!, errors, references);
    case "external":
      return validateExternal(metric.external!, errors);
    case "pods":
      return validatePods(metric.pods!, errors);
    case "resource":
      return validateResource(metric.resource!, errors);
    case "containerResource":
      return validateContainerResource(metric.containerResource!, errors);
  }
}

function validateObject(source: ObjectMetricSource, errors: FieldErrors, references: References): void {
  const { describedObject, metric, target = noTarget } = source;
  validateReference(describedObject, errors.at("describedObject"), references);
  validateIdentifier(metric, errors.at("metric"));
  const at = errors.at("target");
  validateTarget(target, at);
  if (target.value == null && target.averageValue == null)
    at.at("averageValue").required("must set either a target value or averageValue");
}

function validateExternal({ metric, target = noTarget }: ExternalMetricSource, errors: FieldErrors): void {
  validateIdentifier(metric, errors.at("metric"));
  const at = errors.at("target");
  validateTarget(target, at);
  if (target.value == null && target.averageValue == null)
    at.at("averageValue").required("must set either a target value for metric or a per-pod target");
  if (target.value != null && target.averageValue != null)
    at.at("value").forbidden("may not set both a target value for metric and a per-pod target");
}

function validatePods({ metric, target = noTarget }: PodsMetricSource, errors: FieldErrors): void {
  validateIdentifier(metric, errors.at("metric"));
  validateTarget(target, errors.at("target"));
  if (target.averageValue == null)
    errors.at("target").at("averageValue").required("must specify a positive target averageValue");
}

function validateResource({ name, target = noTarget }: ResourceMetricSource, errors: FieldErrors): void {
  if (!name) errors.at("name").required("must specify a resource name");
  validateResourceTarget(target, errors.at("target"));
}

function validateContainerResource(source: ContainerResourceMetricSource, errors: FieldErrors): void {
  const { name, container, target = noTarget } = source;
  if (!name) errors.at("name").required("must specify a resource name");
  else checkContainerResourceName(name, errors.at("name"));
  if (!container) errors.at("container").required("must specify a container");
  else reject(errors.at("container"), container, dns1123Label(container));
  validateResourceTarget(target, errors.at("target"));
}

/** In Go a struct that is not there is an empty one. */
const noTarget: MetricTarget = { type: "" };

function validateResourceTarget(target: MetricTarget, errors: FieldErrors): void {
  validateTarget(target, errors);
  if (target.averageUtilization == null && target.averageValue == null)
    errors.at("averageUtilization").required("must set either a target raw value or a target utilization");
  if (target.averageUtilization != null && target.averageValue != null)
    errors.at("averageValue").forbidden("may not set both a target raw value and a target utilization");
}

function validateTarget(
  { type = "", value, averageValue, averageUtilization }: MetricTarget,
  errors: FieldErrors,
): void {
  const at = errors.at("type");
  if (!type) at.required("must specify a metric target type");
  if (!["Utilization", "Value", "AverageValue"].includes(type))
    at.invalid(type, "must be either Utilization, Value, or AverageValue");
  checkPositiveAmount(value, errors.at("value"));
  checkPositiveAmount(averageValue, errors.at("averageValue"));
  if (averageUtilization != null && averageUtilization < 1)
    errors.at("averageUtilization").invalid(averageUtilization, "must be greater than 0");
}

function checkPositiveAmount(amount: string | undefined, errors: FieldErrors): void {
  if (amount != null && !isPositive(amount)) errors.invalid(canonical(amount), "must be positive");
}

function validateIdentifier(metric: MetricIdentifier | undefined, errors: FieldErrors): void {
  const name = metric?.name;
  if (!name) errors.at("name").required("must specify a metric name");
  else reject(errors.at("name"), name, nameIsPathSegment(name, { generateName: false }));
}
