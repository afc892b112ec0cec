/** Pods that run to their end, as many of them as are needed for so many to succeed. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { hasInvalidValues, validateLabelSelector } from "@knarr/machinery/label-selector-rules.ts";
import { dns1123Label, labelValue } from "@knarr/machinery/names.ts";

import type { Job, JobSpec } from "../../generated/batch-v1.ts";
import { defineResource } from "../resource.ts";
import { humanDuration } from "../shared/age.ts";
import { ageColumn, nameColumn, templateColumns } from "../shared/columns.ts";
import { defaultFailurePolicy } from "../shared/job/policies.ts";
import { generateSelector, hasPrefixedLabels, validateGeneratedSelector } from "../shared/job/selector.ts";
import { jobSpecWarnings, validateJobSpec } from "../shared/job/spec.ts";
import { hasCondition, validateJobStatus } from "../shared/job/status.ts";
import { validateJobChange } from "../shared/job/update.ts";
import { queryOf } from "../shared/label-selector.ts";
import { defaultPodTemplate } from "../shared/pod/defaults.ts";
import { dropDisabledFields } from "../shared/pod/dropped.ts";
import { checkIsSelected } from "../shared/pod/template.ts";
import { workloadNameWarnings } from "../shared/pod/warnings.ts";
import { selectorText } from "../shared/selector-text.ts";
import { isSpecChanged } from "../shared/workload.ts";

export const job = defineResource<Job>({
  group: "batch",
  version: "v1",
  kind: "Job",
  schema: "io.k8s.api.batch.v1.Job",
  plural: "jobs",
  categories: ["all"],
  scope: "Namespaced",
  metadataOnUpdate: ["whole", "change"],
  defaultPropagation: "orphan",
  orphanWarning:
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning",

  defaults(object) {
    const spec = (object.spec ??= { template: {} });
    defaultPodTemplate((spec.template ??= {}));
    defaultSpec(spec);
    labelAsTemplate(object);
  },

  prepareForCreate(object) {
    object.status = {};
    generateSelector(object);
    // Labels made of a bad name are wrong once, in the template: that is where upstream finds them.
    if (!labelValue(object.metadata.name ?? "").length) labelAsTemplate(object);
    dropDisabledFields(object.spec!.template.spec!);
  },
  prepareForUpdate: ({ spec }, previous) =>
    dropDisabledFields(spec!.template.spec!, previous.spec?.template.spec),

  validate: (object, errors) => validateJob(object, undefined, errors),
  validatesOnUpdate: false,
  validateUpdate(object, previous, errors) {
    validateJob(object, previous, errors);
    validateSpec(object.spec!, previous.spec, errors.at("spec"));
    validateJobChange(object, previous, errors.at("spec"));
  },

  warnings(object, previous) {
    if (!previous) return [...workloadNameWarnings(object.metadata), ...jobSpecWarnings(object.spec, "spec")];
    return isSpecChanged(object, previous) ? jobSpecWarnings(object.spec, "spec") : [];
  },
  generationChanged: isSpecChanged,

  selectableFields: { "status.successful": ({ status }) => String(status?.succeeded ?? 0) },

  columns: [
    nameColumn,
    { name: "Status", value: statusOf },
    { name: "Completions", value: completionsOf },
    { name: "Duration", value: durationOf },
    ageColumn,
    ...templateColumns,
    { name: "Selector", priority: 1, value: ({ spec }) => selectorText(spec?.selector) || "<none>" },
  ],

  subresources: {
    status: {
      validateUpdate: (object, previous, errors) => validateJobStatus(object, previous, errors.at("status")),
    },
  },
});

/**
 * A Job without labels has those of its template: one and the same object, as in upstream's memory, so that what the template gets
 * on creation the Job gets, too.
 */
function labelAsTemplate({ metadata, spec }: Job): void {
  const { labels } = spec!.template.metadata!;
  if (labels && !Object.keys(metadata.labels ?? {}).length) metadata.labels = labels;
}

/** With a limit per index there is none for all together, unless it is given. */
const UNLIMITED = 2147483647;

function defaultSpec(spec: JobSpec): void {
  if (spec.parallelism == null) spec.completions ??= 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex == null ? 6 : UNLIMITED;
  spec.completionMode ??= "NonIndexed";
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? "Failed" : "TerminatingOrFailed";
  spec.manualSelector ??= false;
  defaultFailurePolicy(spec.podFailurePolicy);
}

function validateJob(object: Job, previous: Job | undefined, errors: FieldErrors): void {
  const { metadata, spec } = object;
  validateGeneratedSelector(object, errors, { isPrefixed: !previous || hasPrefixedLabels(previous) });
  validateSpec(spec!, previous?.spec, errors.at("spec"));
  const { completionMode, completions } = spec!;
  if (completionMode !== "Indexed" || completions == null || completions <= 0) return;
  const hostname = `${metadata.name ?? ""}-${completions - 1}`; // of the last pod
  if (dns1123Label(hostname).length)
    errors
      .at("metadata")
      .at("name")
      .invalid(metadata.name ?? "", `will not able to create pod with invalid DNS label: ${hostname}`);
}

function validateSpec(spec: JobSpec, previous: JobSpec | undefined, errors: FieldErrors): void {
  const { selector, template } = spec;
  validateJobSpec(spec, previous, errors);
  if (!selector) errors.at("selector").required();
  else
    validateLabelSelector(selector, errors.at("selector"), {
      invalidValues: hasInvalidValues(previous?.selector),
    });
  const query = queryOf(selector);
  if (query) checkIsSelected(template, query, errors.at("template"));
}

function statusOf({ metadata, status }: Job): string {
  if (hasCondition(status, "Complete")) return "Complete";
  if (hasCondition(status, "Failed")) return "Failed";
  if (metadata.deletionTimestamp) return "Terminating";
  const conditions = ["Suspended", "FailureTarget", "SuccessCriteriaMet"];
  return conditions.find((type) => hasCondition(status, type)) ?? "Running";
}

function completionsOf({ spec, status }: Job): string {
  const { completions, parallelism = 0 } = spec!;
  const succeeded = status?.succeeded ?? 0;
  if (completions != null) return `${succeeded}/${completions}`;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationOf({ status }: Job, now: number): string {
  if (!status?.startTime) return "";
  const end = status.completionTime ? Date.parse(status.completionTime) : now;
  return humanDuration(end - Date.parse(status.startTime));
}
