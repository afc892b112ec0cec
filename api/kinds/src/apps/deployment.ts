/** A number of equal pods, replaced in steps when their template changes. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

import type {
  Deployment,
  DeploymentSpec,
  DeploymentStrategy,
  RollingUpdateDeployment,
} from "../../generated/apps-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn, templateColumns } from "../shared/columns.ts";
import { equivalent } from "../shared/equality.ts";
import { internalForm } from "../shared/internal/form.ts";
import { queryOf } from "../shared/label-selector.ts";
import { defaultPodTemplate } from "../shared/pod/defaults.ts";
import { dropDisabledFields } from "../shared/pod/dropped.ts";
import { selectorText } from "../shared/selector-text.ts";
import { checkNotNegative } from "../shared/values.ts";
import {
  checkAtMostHundredPercent,
  checkCollisions,
  checkCounts,
  checkIntOrPercent,
  isSpecChanged,
  numberIn,
  validateSelectorAndTemplate,
  validateSelectorUpdate,
  workloadWarnings,
} from "../shared/workload.ts";

export const deployment = defineResource<Deployment>({
  group: "apps",
  version: "v1",
  kind: "Deployment",
  schema: "io.k8s.api.apps.v1.Deployment",
  plural: "deployments",
  shortNames: ["deploy"],
  categories: ["all"],
  scope: "Namespaced",

  defaults(object) {
    const spec = (object.spec ??= { selector: {}, template: {} });
    spec.replicas ??= 1;
    defaultStrategy((spec.strategy ??= {}));
    spec.revisionHistoryLimit ??= 10;
    spec.progressDeadlineSeconds ??= 600;
    defaultPodTemplate((spec.template ??= {}));
  },

  prepareForCreate(object) {
    object.status = {};
    dropDisabledFields(object.spec!.template.spec!);
  },
  prepareForUpdate: ({ spec }, previous) =>
    dropDisabledFields(spec!.template.spec!, previous.spec?.template.spec),
  validate: ({ spec }, errors) => validateSpec(spec!, undefined, errors.at("spec")),
  validatesOnUpdate: false,

  validateUpdate({ spec }, previous, errors) {
    validateSpec(spec!, previous.spec, errors.at("spec"));
    validateSelectorUpdate(spec!, previous.spec!, errors.at("spec"));
  },

  warnings: workloadWarnings(isChanged),
  generationChanged: isChanged,

  columns: [
    nameColumn,
    { name: "Ready", value: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}` },
    { name: "Up-to-date", value: ({ status }) => status?.updatedReplicas ?? 0 },
    { name: "Available", value: ({ status }) => status?.availableReplicas ?? 0 },
    ageColumn,
    ...templateColumns,
    {
      name: "Selector",
      priority: 1,
      value: ({ spec }) => queryOf(spec?.selector)?.toString() ?? "<invalid>",
    },
  ],

  subresources: {
    status: {
      // Unlike with other kinds, the status path does not write labels.
      prepareForUpdate({ metadata }, previous) {
        if (previous.metadata.labels) metadata.labels = previous.metadata.labels;
        else delete metadata.labels;
      },
      validateUpdate({ status = {} }, previous, errors) {
        checkCounts(errors.at("status"), status, statusCounts);
        checkCollisions(status, previous.status, errors.at("status"));
      },
    },
    scale: {
      specReplicas: ".spec.replicas",
      statusReplicas: ".status.replicas",
      selector: ({ spec }) => selectorText(spec?.selector),
    },
  },
});

/** Annotations count too: the revision history is kept in them. */
function isChanged(object: Deployment, previous: Deployment): boolean {
  return (
    isSpecChanged(object, previous) ||
    !equivalent(object.metadata.annotations ?? {}, previous.metadata.annotations ?? {})
  );
}

const statusCounts = {
  notNegative: [
    "observedGeneration",
    "replicas",
    "updatedReplicas",
    "readyReplicas",
    "availableReplicas",
    "unavailableReplicas",
    "terminatingReplicas",
    "collisionCount",
  ],
  withinReplicas: ["updatedReplicas", "readyReplicas", "availableReplicas"],
};

function defaultStrategy(strategy: DeploymentStrategy): void {
  strategy.type ||= "RollingUpdate";
  if (strategy.type !== "RollingUpdate") return;
  const rolling = (strategy.rollingUpdate ??= {});
  rolling.maxUnavailable ??= "25%";
  rolling.maxSurge ??= "25%";
}

function validateSpec(spec: DeploymentSpec, previous: DeploymentSpec | undefined, errors: FieldErrors): void {
  const { progressDeadlineSeconds: deadline, minReadySeconds: ready = 0 } = spec;
  checkNotNegative(errors.at("replicas"), spec.replicas);
  validateSelectorAndTemplate(spec, previous, errors);
  validateStrategy(spec.strategy ?? {}, errors.at("strategy"));
  checkNotNegative(errors.at("minReadySeconds"), ready);
  checkNotNegative(errors.at("revisionHistoryLimit"), spec.revisionHistoryLimit);
  if (deadline == null) return;
  checkNotNegative(errors.at("progressDeadlineSeconds"), deadline);
  if (deadline <= ready)
    errors.at("progressDeadlineSeconds").invalid(deadline, "must be greater than minReadySeconds");
}

function validateStrategy(strategy: DeploymentStrategy, errors: FieldErrors): void {
  const { type, rollingUpdate } = strategy;
  const at = errors.at("rollingUpdate");
  if (type === "Recreate") {
    if (rollingUpdate) at.forbidden("may not be specified when strategy `type` is 'Recreate'");
  } else if (type !== "RollingUpdate")
    errors.notSupported(internalForm(strategy, "DeploymentStrategy"), ["Recreate", "RollingUpdate"]);
  else if (!rollingUpdate) at.required("this should be defaulted and never be nil");
  else validateRollingUpdate(rollingUpdate, at);
}

function validateRollingUpdate(
  { maxUnavailable, maxSurge }: RollingUpdateDeployment,
  errors: FieldErrors,
): void {
  const unavailable = errors.at("maxUnavailable");
  checkIntOrPercent(unavailable, maxUnavailable);
  checkIntOrPercent(errors.at("maxSurge"), maxSurge);
  if (numberIn(maxUnavailable) === 0 && numberIn(maxSurge) === 0)
    unavailable.invalid(maxUnavailable ?? 0, "may not be 0 when `maxSurge` is 0");
  checkAtMostHundredPercent(unavailable, maxUnavailable);
}
