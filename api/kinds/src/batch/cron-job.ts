/** A Job whenever a schedule says so. */

import { isTimeZone, parseSchedule } from "@knarr/machinery/cron.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";

import type { CronJob, CronJobSpec, JobTemplateSpec } from "../../generated/batch-v1.ts";
import { type Column, defineResource } from "../resource.ts";
import { ageOf } from "../shared/age.ts";
import { ageColumn, nameColumn, templateColumns } from "../shared/columns.ts";
import { internalForm } from "../shared/internal/form.ts";
import { defaultFailurePolicy } from "../shared/job/policies.ts";
import { jobSpecWarnings, validateJobSpec } from "../shared/job/spec.ts";
import { defaultPodTemplate } from "../shared/pod/defaults.ts";
import { dropDisabledFields } from "../shared/pod/dropped.ts";
import { workloadNameWarnings } from "../shared/pod/warnings.ts";
import { selectorText } from "../shared/selector-text.ts";
import { checkNotNegative, requireOneOf } from "../shared/values.ts";
import { isSpecChanged } from "../shared/workload.ts";

export const cronJob = defineResource<CronJob>({
  group: "batch",
  version: "v1",
  kind: "CronJob",
  schema: "io.k8s.api.batch.v1.CronJob",
  plural: "cronjobs",
  shortNames: ["cj"],
  categories: ["all"],
  scope: "Namespaced",

  defaults(object) {
    const spec = (object.spec ??= { schedule: "", jobTemplate: {} });
    spec.concurrencyPolicy ||= "Allow";
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    defaultTemplate((spec.jobTemplate ??= {}));
  },

  prepareForCreate(object) {
    object.status = {};
    dropDisabledFields(jobOf(object).template.spec!);
  },
  prepareForUpdate: (object, previous) =>
    dropDisabledFields(jobOf(object).template.spec!, jobOf(previous).template.spec),

  validate({ metadata, spec }, errors) {
    const { name = "" } = metadata;
    validateSpec(spec!, undefined, errors.at("spec"));
    if (name.length > MAX_NAME)
      errors.at("metadata").at("name").invalid(name, `must be no more than ${MAX_NAME} characters`);
  },
  validatesOnUpdate: false,
  validateUpdate: ({ spec }, previous, errors) => validateSpec(spec!, previous.spec!, errors.at("spec")),

  warnings(object, previous) {
    const path = "spec.jobTemplate.spec";
    if (!previous) return [...workloadNameWarnings(object.metadata), ...jobSpecWarnings(jobOf(object), path)];
    const warnings = isSpecChanged(object, previous) ? jobSpecWarnings(jobOf(object), path) : [];
    if (!object.spec!.schedule.includes("TZ")) return warnings;
    return [
      ...warnings,
      "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details",
    ];
  },
  generationChanged: isSpecChanged,

  columns: [
    nameColumn,
    { name: "Schedule", value: ({ spec }) => spec?.schedule ?? "" },
    { name: "Timezone", value: ({ spec }) => spec?.timeZone ?? "<none>" },
    { name: "Suspend", type: "boolean", value: ({ spec }) => (spec?.suspend ? "True" : "False") },
    { name: "Active", type: "integer", value: ({ status }) => status?.active?.length ?? 0 },
    {
      name: "Last Schedule",
      value: ({ status }, now) => (status?.lastScheduleTime ? ageOf(status.lastScheduleTime, now) : "<none>"),
    },
    ageColumn,
    ...templateColumns.map(ofJob),
    {
      name: "Selector",
      priority: 1,
      value: (object) => selectorText(jobOf(object).selector) || "<none>",
    },
  ],

  subresources: { status: true },
});

/** Jobs are named after it, with the minute they are for (`-29123456`), and a name of a Job has 63 characters. */
const MAX_NAME = 52;

function jobOf({ spec }: CronJob) {
  return spec!.jobTemplate.spec!;
}

/** A column of what has a template, for the job in this one. */
function ofJob(column: Column<any>): Column<CronJob> {
  return { ...column, value: (object, now) => column.value({ spec: jobOf(object) }, now) };
}

function defaultTemplate(template: JobTemplateSpec): void {
  template.metadata ??= {};
  const spec = (template.spec ??= { template: {} });
  defaultPodTemplate((spec.template ??= {}));
  defaultFailurePolicy(spec.podFailurePolicy);
}

function validateSpec(spec: CronJobSpec, previous: CronJobSpec | undefined, errors: FieldErrors): void {
  const { schedule, timeZone, jobTemplate } = spec;
  if (!schedule) errors.at("schedule").required();
  else validateSchedule(spec, previous, errors.at("schedule"));
  checkNotNegative(errors.at("startingDeadlineSeconds"), spec.startingDeadlineSeconds);
  if (timeZone != null && timeZone !== previous?.timeZone) validateTimeZone(timeZone, errors.at("timeZone"));
  requireOneOf(errors.at("concurrencyPolicy"), spec.concurrencyPolicy, ["Allow", "Forbid", "Replace"]);
  validateTemplate(jobTemplate, previous?.jobTemplate, errors.at("jobTemplate").at("spec"));
  checkNotNegative(errors.at("successfulJobsHistoryLimit"), spec.successfulJobsHistoryLimit);
  checkNotNegative(errors.at("failedJobsHistoryLimit"), spec.failedJobsHistoryLimit);
}

/** Schedules that name their zone themselves are kept where they are, and are not let in any more. */
function validateSchedule(
  { schedule, timeZone }: CronJobSpec,
  previous: CronJobSpec | undefined,
  errors: FieldErrors,
): void {
  try {
    parseSchedule(schedule);
  } catch (err) {
    if (!(err instanceof SyntaxError)) throw err;
    errors.invalid(schedule, err.message);
  }
  if (!schedule.includes("TZ")) return;
  if (!previous?.schedule.includes("TZ"))
    errors.invalid(schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
  else if (timeZone != null)
    errors.invalid(schedule, "cannot use both timeZone field and TZ or CRON_TZ in schedule");
}

function validateTimeZone(name: string, errors: FieldErrors): void {
  if (!name) return errors.invalid(name, "timeZone must be nil or non-empty string");
  const isName = (part: string): boolean =>
    /^[A-Za-z.\-_0-9+]{1,14}$/.test(part) && part !== "." && part !== ".." && !part.startsWith("-");
  const unknown = (): void => errors.invalid(name, `unknown time zone ${name}`);
  if (!name.split("/").every(isName)) return unknown();
  if (name.toLowerCase() === "local")
    errors.invalid(
      name,
      "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones",
    );
  if (name !== "Local" && !isTimeZone(name)) unknown();
}

function validateTemplate(
  { spec }: JobTemplateSpec,
  previous: JobTemplateSpec | undefined,
  errors: FieldErrors,
): void {
  validateJobSpec(spec!, previous?.spec, errors);
  if (spec!.selector)
    errors.at("selector").invalid(internalForm(spec!.selector, "raw"), "`selector` will be auto-generated");
  if (spec!.manualSelector) errors.at("manualSelector").notSupported(true, ["nil", "false"]);
}
