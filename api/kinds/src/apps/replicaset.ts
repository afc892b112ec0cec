/** A number of equal pods, kept at that number. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

import type { ReplicaSet, ReplicaSetSpec } from "../../generated/apps-v1.ts";
import { defineResource } from "../resource.ts";
import { replicaColumns } from "../shared/columns.ts";
import { defaultPodTemplate } from "../shared/pod/defaults.ts";
import { dropDisabledFields } from "../shared/pod/dropped.ts";
import { selectorText } from "../shared/selector-text.ts";
import { checkNotNegative } from "../shared/values.ts";
import {
  checkCounts,
  isSpecChanged,
  replicaCounts,
  validateSelectorAndTemplate,
  validateSelectorUpdate,
  workloadWarnings,
} from "../shared/workload.ts";

export const replicaSet = defineResource<ReplicaSet>({
  group: "apps",
  version: "v1",
  kind: "ReplicaSet",
  schema: "io.k8s.api.apps.v1.ReplicaSet",
  plural: "replicasets",
  shortNames: ["rs"],
  categories: ["all"],
  scope: "Namespaced",

  defaults(object) {
    const spec = (object.spec ??= { selector: {} });
    spec.replicas ??= 1;
    defaultPodTemplate((spec.template ??= {}));
  },

  prepareForCreate(object) {
    object.status = { replicas: 0 };
    dropDisabledFields(object.spec!.template!.spec!);
  },
  prepareForUpdate: ({ spec }, previous) =>
    dropDisabledFields(spec!.template!.spec!, previous.spec?.template?.spec),
  validate: ({ spec }, errors) => validateSpec(spec!, undefined, errors.at("spec")),
  validatesOnUpdate: false,

  validateUpdate({ spec }, previous, errors) {
    validateSpec(spec!, previous.spec, errors.at("spec"));
    validateSelectorUpdate(spec!, previous.spec!, errors.at("spec"));
  },

  warnings: workloadWarnings(isSpecChanged),
  generationChanged: isSpecChanged,

  selectableFields: { "status.replicas": ({ status }) => String(status?.replicas ?? 0) },

  columns: [
    ...replicaColumns,
    { name: "Selector", priority: 1, value: ({ spec }) => selectorText(spec?.selector) || "<none>" },
  ],

  subresources: {
    status: {
      validateUpdate: ({ status }, _previous, errors) =>
        checkCounts(errors.at("status"), status ?? {}, replicaCounts),
    },
    scale: {
      specReplicas: ".spec.replicas",
      statusReplicas: ".status.replicas",
      selector: ({ spec }) => selectorText(spec?.selector),
    },
  },
});

function validateSpec(spec: ReplicaSetSpec, previous: ReplicaSetSpec | undefined, errors: FieldErrors): void {
  checkNotNegative(errors.at("replicas"), spec.replicas);
  checkNotNegative(errors.at("minReadySeconds"), spec.minReadySeconds);
  validateSelectorAndTemplate(spec, previous, errors);
}
