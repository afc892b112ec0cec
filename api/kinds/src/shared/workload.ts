/** Rules that the workloads share: selectors, counts in statuses, whole numbers or percentages, templates' warnings. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { validateLabelSelector } from "@knarr/machinery/label-selector-rules.ts";
import { percent } from "@knarr/machinery/names.ts";

import type { PodTemplateSpec } from "../../generated/core-v1.ts";
import type { LabelSelector, ObjectMeta } from "../../generated/meta.ts";
import { equivalent } from "./equality.ts";
import { internalForm } from "./internal/form.ts";
import { isEmptySelector, queryOf } from "./label-selector.ts";
import { templateWarnings, workloadNameWarnings } from "./pod/warnings.ts";
import { checkIsSelected, checkRunsForGood, validatePodTemplate } from "./pod/template.ts";
import { checkNotNegative, reject } from "./values.ts";

interface RunningSpec {
  readonly selector?: LabelSelector;
  readonly template?: PodTemplateSpec;
}

/** Selector and template of a workload that keeps pods running, and that one picks the other. */
export function validateSelectorAndTemplate(
  { selector, template }: RunningSpec,
  previous: RunningSpec | undefined,
  errors: FieldErrors,
): void {
  const at = errors.at("selector");
  if (!selector) at.required();
  else {
    validateLabelSelector(selector, at);
    if (isEmptySelector(selector))
      at.invalid(internalForm(selector, "raw"), "empty selector is invalid for deployment");
  }
  const query = queryOf(selector);
  if (!query) at.invalid(internalForm(selector, "raw"), "invalid label selector");
  else {
    const own = errors.at("template");
    checkIsSelected(template ?? {}, query, own);
    validatePodTemplate(template ?? {}, previous?.template, own);
    checkRunsForGood(template ?? {}, "ReplicaSet", own);
  }
}

/** Pods of the old selector would be nobody's. */
export function validateSelectorUpdate(
  { selector }: RunningSpec,
  { selector: before }: RunningSpec,
  errors: FieldErrors,
): void {
  if (!equivalent(selector, before))
    errors.at("selector").invalid(internalForm(selector, "raw"), "field is immutable");
}

export function checkIntOrPercent(errors: FieldErrors, value: number | string | undefined): void {
  if (typeof value === "string") reject(errors, value, percent(value));
  else checkNotNegative(errors, value);
}

/** The number in a percentage; other text counts as nothing. */
export function numberIn(value: number | string | undefined): number {
  if (typeof value !== "string") return value ?? 0;
  return percent(value).length ? (/^[+-]?\d+$/.test(value) ? Number(value) : 0) : Number.parseInt(value, 10);
}

export function checkAtMostHundredPercent(errors: FieldErrors, value: number | string | undefined): void {
  if (isOverHundredPercent(value)) errors.invalid(value, "must not be greater than 100%");
}

function isOverHundredPercent(value: number | string | undefined): value is string {
  return typeof value === "string" && !percent(value).length && Number.parseInt(value, 10) > 100;
}

/** No part of a count may exceed the whole. */
export function checkCounts<T extends object>(
  errors: FieldErrors,
  status: T,
  { notNegative, withinReplicas, readyAs = "readyReplicas" }: Counts,
): void {
  const counts = status as Readonly<Record<string, number | undefined>>;
  for (const field of notNegative) checkNotNegative(errors.at(field), counts[field]);
  const replicas = counts.replicas ?? 0;
  for (const field of withinReplicas)
    if ((counts[field] ?? 0) > replicas)
      errors.at(field).invalid(counts[field], "cannot be greater than status.replicas");
  const available = counts.availableReplicas ?? 0;
  if (available > (counts.readyReplicas ?? 0))
    errors.at("availableReplicas").invalid(available, `cannot be greater than ${readyAs}`);
}

interface Counts {
  readonly notNegative: readonly string[];
  readonly withinReplicas: readonly string[];
  /** What texts call the number of ready ones. */
  readonly readyAs?: string;
}

/** How often a name for something new was taken already: never forgotten, so that no name is tried twice. */
export function checkCollisions(
  { collisionCount: now }: Colliding,
  { collisionCount: before }: Colliding = {},
  errors: FieldErrors,
): void {
  if (before != null && (now == null || now < before))
    errors.at("collisionCount").invalid(now ?? 0, "cannot be decremented");
}

interface Colliding {
  readonly collisionCount?: number;
}

/** The counts of ReplicaSets and their like. */
export const replicaCounts = {
  notNegative: [
    "replicas",
    "fullyLabeledReplicas",
    "readyReplicas",
    "availableReplicas",
    "observedGeneration",
    "terminatingReplicas",
  ],
  withinReplicas: ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"],
};

interface Workload {
  readonly metadata: ObjectMeta;
  readonly spec?: { readonly template?: PodTemplateSpec };
}

/** The warnings of a kind that makes pods: on update only when something changed that they are made from. */
export function workloadWarnings<T extends Workload>(
  isChanged: (object: T, previous: T) => boolean,
): (object: T, previous?: T) => readonly string[] {
  return (object, previous) => {
    if (previous && !isChanged(object, previous)) return [];
    const name = previous ? [] : workloadNameWarnings(object.metadata);
    return [...name, ...templateWarnings(object.spec?.template, "spec.template")];
  };
}

export function isSpecChanged(object: WithSpec, previous: WithSpec): boolean {
  return !equivalent(object.spec, previous.spec);
}

interface WithSpec {
  readonly spec?: object;
}
