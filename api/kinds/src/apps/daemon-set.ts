/** One pod on every node that is fit for it. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { hasInvalidValues, validateLabelSelector } from "@knarr/machinery/label-selector-rules.ts";

import type {
  DaemonSet,
  DaemonSetSpec,
  DaemonSetStatus,
  DaemonSetUpdateStrategy,
  RollingUpdateDaemonSet,
} from "../../generated/apps-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, labelsText, nameColumn, templateColumns } from "../shared/columns.ts";
import { equivalent } from "../shared/equality.ts";
import { internalForm } from "../shared/internal/form.ts";
import { isEmptySelector, queryOf } from "../shared/label-selector.ts";
import { defaultPodTemplate } from "../shared/pod/defaults.ts";
import { dropDisabledFields } from "../shared/pod/dropped.ts";
import { checkIsSelected, checkRunsForGood, validatePodTemplate } from "../shared/pod/template.ts";
import { templateWarnings } from "../shared/pod/warnings.ts";
import { selectorText } from "../shared/selector-text.ts";
import { checkNotNegative } from "../shared/values.ts";
import {
  checkAtMostHundredPercent,
  checkCollisions,
  checkIntOrPercent,
  isSpecChanged,
  numberIn,
  validateSelectorUpdate,
} from "../shared/workload.ts";

export const daemonSet = defineResource<DaemonSet>({
  group: "apps",
  version: "v1",
  kind: "DaemonSet",
  schema: "io.k8s.api.apps.v1.DaemonSet",
  plural: "daemonsets",
  shortNames: ["ds"],
  categories: ["all"],
  scope: "Namespaced",

  defaults(object) {
    const spec = (object.spec ??= { selector: {}, template: {} });
    defaultStrategy((spec.updateStrategy ??= {}));
    spec.revisionHistoryLimit ??= 10;
    defaultPodTemplate((spec.template ??= {}));
    if (!object.metadata.annotations?.[TEMPLATE_GENERATION]) setTemplateGeneration(object, 0);
  },

  prepareForCreate(object) {
    object.status = noStatus();
    setTemplateGeneration(object, Math.max(1, templateGenerationOf(object)));
    dropDisabledFields(object.spec!.template.spec!);
  },
  prepareForUpdate(object, previous) {
    dropDisabledFields(object.spec!.template.spec!, previous.spec?.template.spec);
    const generation = templateGenerationOf(previous);
    setTemplateGeneration(object, isTemplateChanged(object, previous) ? generation + 1 : generation);
  },
  validate: ({ spec }, errors) => validateSpec(spec!, undefined, errors.at("spec")),
  validatesOnUpdate: false,

  validateUpdate({ spec }, previous, errors) {
    validateSelectorUpdate(spec!, previous.spec!, errors.at("spec"));
    validateSpec(spec!, previous.spec, errors.at("spec"));
  },

  warnings: (object, previous) =>
    previous && !isTemplateChanged(object, previous)
      ? []
      : templateWarnings(object.spec?.template, "spec.template"),
  generationChanged: isSpecChanged,

  columns: [
    nameColumn,
    { name: "Desired", type: "integer", value: ({ status }) => status?.desiredNumberScheduled ?? 0 },
    { name: "Current", type: "integer", value: ({ status }) => status?.currentNumberScheduled ?? 0 },
    { name: "Ready", type: "integer", value: ({ status }) => status?.numberReady ?? 0 },
    { name: "Up-to-date", type: "integer", value: ({ status }) => status?.updatedNumberScheduled ?? 0 },
    { name: "Available", type: "integer", value: ({ status }) => status?.numberAvailable ?? 0 },
    { name: "Node Selector", value: ({ spec }) => labelsText(spec?.template.spec?.nodeSelector) },
    ageColumn,
    ...templateColumns,
    { name: "Selector", priority: 1, value: ({ spec }) => selectorText(spec?.selector) || "<none>" },
  ],

  subresources: {
    status: {
      prepareForUpdate: (object, previous) => setTemplateGeneration(object, templateGenerationOf(previous)),
      validateUpdate({ status = noStatus() }, previous, errors) {
        for (const field of counts) checkNotNegative(errors.at("status").at(field), status[field]);
        checkCollisions(status, previous.status, errors.at("status"));
      },
    },
  },
});

function noStatus(): DaemonSetStatus {
  return { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 };
}

const counts = [
  "currentNumberScheduled",
  "numberMisscheduled",
  "desiredNumberScheduled",
  "numberReady",
  "observedGeneration",
  "updatedNumberScheduled",
  "numberAvailable",
  "numberUnavailable",
  "collisionCount",
] as const;

/** How often the template has changed: a field of versions that are no longer served, lives on as an annotation. */
const TEMPLATE_GENERATION = "deprecated.daemonset.template.generation";

function templateGenerationOf({ metadata }: DaemonSet): number {
  return Number.parseInt(metadata.annotations?.[TEMPLATE_GENERATION] ?? "", 10) || 0;
}

function setTemplateGeneration({ metadata }: DaemonSet, generation: number): void {
  metadata.annotations = { ...metadata.annotations, [TEMPLATE_GENERATION]: String(generation) };
}

function isTemplateChanged({ spec }: DaemonSet, previous: DaemonSet): boolean {
  return !equivalent(spec?.template, previous.spec?.template);
}

function defaultStrategy(strategy: DaemonSetUpdateStrategy): void {
  strategy.type ||= "RollingUpdate";
  if (strategy.type !== "RollingUpdate") return;
  const rolling = (strategy.rollingUpdate ??= {});
  rolling.maxUnavailable ??= 1;
  rolling.maxSurge ??= 0;
}

function validateSpec(spec: DaemonSetSpec, previous: DaemonSetSpec | undefined, errors: FieldErrors): void {
  const { selector, template, updateStrategy = {} } = spec;
  const at = errors.at("selector");
  validateLabelSelector(selector, at, { invalidValues: hasInvalidValues(previous?.selector) });
  const query = queryOf(selector);
  if (query) checkIsSelected(template, query, errors.at("template"));
  if (selector && isEmptySelector(selector))
    at.invalid(internalForm(selector, "raw"), "empty selector is invalid for daemonset");
  validatePodTemplate(template, previous?.template, errors.at("template"));
  checkRunsForGood(template, "DaemonSet", errors.at("template"));
  checkNotNegative(errors.at("minReadySeconds"), spec.minReadySeconds);
  validateStrategy(updateStrategy, errors.at("updateStrategy"));
  checkNotNegative(errors.at("revisionHistoryLimit"), spec.revisionHistoryLimit);
}

function validateStrategy(strategy: DaemonSetUpdateStrategy, errors: FieldErrors): void {
  const { type, rollingUpdate } = strategy;
  if (type === "OnDelete") return;
  if (type !== "RollingUpdate")
    errors.notSupported(internalForm(strategy, "DaemonSetUpdateStrategy"), ["RollingUpdate", "OnDelete"]);
  else if (!rollingUpdate) errors.at("rollingUpdate").required();
  else validateRollingUpdate(rollingUpdate, errors.at("rollingUpdate"));
}

/** A node either loses its pod first or gets a second one first. */
function validateRollingUpdate(
  { maxUnavailable, maxSurge }: RollingUpdateDaemonSet,
  errors: FieldErrors,
): void {
  const unavailable = errors.at("maxUnavailable");
  const surge = errors.at("maxSurge");
  checkIntOrPercent(unavailable, maxUnavailable);
  checkIntOrPercent(surge, maxSurge);
  checkAtMostHundredPercent(unavailable, maxUnavailable);
  checkAtMostHundredPercent(surge, maxSurge);
  const hasUnavailable = numberIn(maxUnavailable) !== 0;
  const hasSurge = numberIn(maxSurge) !== 0;
  if (hasUnavailable && hasSurge) surge.invalid(maxSurge, "may not be set when maxUnavailable is non-zero");
  if (!hasUnavailable && !hasSurge) unavailable.required("cannot be 0 when maxSurge is 0");
}
