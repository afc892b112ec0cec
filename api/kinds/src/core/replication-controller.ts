/** A number of equal pods, kept at that number: what ReplicaSet was before it had selectors with expressions. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { selectorOfLabels } from "@knarr/machinery/labels.ts";

import type {
  PodTemplateSpec,
  ReplicationController,
  ReplicationControllerSpec,
} from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";
import { labelsText, replicaColumns } from "../shared/columns.ts";
import { defaultPodTemplate } from "../shared/pod/defaults.ts";
import { dropDisabledFields } from "../shared/pod/dropped.ts";
import { checkIsSelected, checkRunsForGood, validatePodTemplate } from "../shared/pod/template.ts";
import { checkNotNegative } from "../shared/values.ts";
import { checkCounts, isSpecChanged, replicaCounts, workloadWarnings } from "../shared/workload.ts";

export const replicationController = defineResource<ReplicationController>({
  group: "",
  version: "v1",
  kind: "ReplicationController",
  schema: "io.k8s.api.core.v1.ReplicationController",
  plural: "replicationcontrollers",
  storedUnder: "controllers",
  shortNames: ["rc"],
  categories: ["all"],
  scope: "Namespaced",
  defaultPropagation: "orphan",

  defaults(object) {
    const spec = (object.spec ??= {});
    spec.replicas ??= 1;
    if (!spec.template) return;
    defaultPodTemplate(spec.template);
    const { labels } = spec.template.metadata!;
    if (!labels) return;
    if (isEmpty(spec.selector)) spec.selector = { ...labels };
    if (isEmpty(object.metadata.labels)) object.metadata.labels = { ...labels };
  },

  prepareForCreate(object) {
    object.status = { replicas: 0 };
    dropFields(object.spec!.template, undefined);
  },
  prepareForUpdate: ({ spec }, previous) => dropFields(spec!.template, previous.spec?.template),
  validate: ({ spec }, errors) => validateSpec(spec!, undefined, errors.at("spec")),
  validateUpdate: ({ spec }, previous, errors) => validateSpec(spec!, previous.spec, errors.at("spec")),
  validatesOnUpdate: false,

  warnings: workloadWarnings(isSpecChanged),
  generationChanged: isSpecChanged,

  selectableFields: { "status.replicas": ({ status }) => String(status?.replicas ?? 0) },

  columns: [
    ...replicaColumns,
    { name: "Selector", priority: 1, value: ({ spec }) => labelsText(spec?.selector) },
  ],

  subresources: {
    status: {
      validateUpdate: ({ status }, _previous, errors) =>
        checkCounts(errors.at("status"), status ?? {}, replicaCounts),
    },
    scale: {
      specReplicas: ".spec.replicas",
      statusReplicas: ".status.replicas",
      selector: ({ spec }) => selectorOfLabels(spec?.selector).toString(),
    },
  },
});

function isEmpty(labels: Readonly<Record<string, string>> | undefined): boolean {
  return !Object.keys(labels ?? {}).length;
}

function dropFields(template: PodTemplateSpec | undefined, previous: PodTemplateSpec | undefined): void {
  if (template) dropDisabledFields(template.spec!, previous?.spec);
}

function validateSpec(
  { minReadySeconds, selector, replicas, template }: ReplicationControllerSpec,
  previous: ReplicationControllerSpec | undefined,
  errors: FieldErrors,
): void {
  checkNotNegative(errors.at("minReadySeconds"), minReadySeconds);
  if (isEmpty(selector)) errors.at("selector").required();
  checkNotNegative(errors.at("replicas"), replicas);
  const at = errors.at("template");
  if (!template) return at.required();
  checkIsSelected(template, selectorOfLabels(selector), at);
  validatePodTemplate(template, previous?.template, at);
  checkRunsForGood(template, "ReplicationController", at);
}
