/**
 * The rules of a Job's status, which clients build on: what is over stays over, counts do not fall, what is done has no
 * pods left. Each rule looks only at statuses in which something that it is about changed: a spec that was changed a
 * moment ago may contradict the status until the controller has seen it.
 */

import type { FieldErrors } from "@knarr/machinery/field.ts";

import type { Job, JobStatus } from "../../../generated/batch-v1.ts";
import { equivalent } from "../equality.ts";
import { internalForm } from "../internal/form.ts";
import { checkNotNegative } from "../values.ts";
import { countIndexes, overlapOf } from "./index-intervals.ts";

export function hasCondition(status: JobStatus | undefined, type: string, value = "True"): boolean {
  return (status?.conditions ?? []).some((one) => one.type === type && one.status === value);
}

export function isFinished(status: JobStatus | undefined): boolean {
  return hasCondition(status, "Complete") || hasCondition(status, "Failed");
}

export function validateJobStatus(job: Job, previous: Job, errors: FieldErrors): void {
  const now = job.status ?? {};
  const before = previous.status ?? {};
  validateCounts(now, errors);
  validateUncounted(now, errors.at("uncountedTerminatedPods"));
  const change: Change = { job, now, before, has: (type) => hasCondition(now, type), errors };
  validateConditions(change);
  validateTimes(change);
  validateEndConditions(change);
  validateFinished(change);
  validateIndexes(change);
  validateRunning(change);
  validateSuccess(change);
  validateProgress(change);
}

interface Change {
  readonly job: Job;
  readonly now: JobStatus;
  readonly before: JobStatus;
  /** Of the new status. */
  has(type: string): boolean;
  readonly errors: FieldErrors;
}

function flips({ now, before }: Change, ...types: readonly string[]): boolean {
  return types.some((type) => hasCondition(now, type) !== hasCondition(before, type));
}

function changes({ now, before }: Change, ...fields: readonly (keyof JobStatus)[]): boolean {
  return fields.some((field) => !equivalent(now[field], before[field]));
}

function finishes({ now, before }: Change): boolean {
  return isFinished(now) !== isFinished(before);
}

function validateCounts(status: JobStatus, errors: FieldErrors): void {
  for (const field of ["active", "succeeded", "failed", "ready", "terminating"] as const)
    checkNotNegative(errors.at(field), status[field]);
}

function validateUncounted({ uncountedTerminatedPods: uncounted }: JobStatus, errors: FieldErrors): void {
  const seen = new Set<string>();
  for (const list of ["succeeded", "failed"] as const)
    (uncounted?.[list] ?? []).forEach((uid, i) => {
      const at = errors.at(list).at(i);
      if (!uid) at.invalid(uid, "must not be empty");
      else if (seen.has(uid)) at.duplicate(uid);
      seen.add(uid);
    });
}

function validateConditions(change: Change): void {
  const { has } = change;
  const at = change.errors.at("conditions");
  if (!has("Complete")) return;
  if (flips(change, "Complete", "Failed") && has("Failed"))
    at.wrong("cannot set Complete=True and Failed=true conditions");
  if (flips(change, "Complete", "FailureTarget") && has("FailureTarget"))
    at.wrong("cannot set Complete=True and FailureTarget=true conditions");
}

function validateTimes(change: Change): void {
  const { now, has, errors } = change;
  const at = errors.at("completionTime");
  const { startTime, completionTime } = now;
  if (flips(change, "Complete") || changes(change, "completionTime")) {
    if (completionTime && !has("Complete"))
      at.invalid(completionTime, "cannot set completionTime when there is no Complete=True condition");
    if (!completionTime && has("Complete")) at.required("completionTime is required for Complete jobs");
  }
  if (changes(change, "startTime", "completionTime") && startTime && completionTime)
    if (Date.parse(completionTime) < Date.parse(startTime))
      at.invalid(completionTime, "must be equal to or after `startTime`");
}

function validateEndConditions(change: Change): void {
  const { has } = change;
  const at = change.errors.at("conditions");
  if ((flips(change, "Failed") || changes(change, "failedIndexes")) && has("Failed") && !has("FailureTarget"))
    at.wrong("cannot set Failed=True condition without the FailureTarget=true condition");
  if (flips(change, "Complete", "SuccessCriteriaMet") && has("Complete") && !has("SuccessCriteriaMet"))
    at.wrong("cannot set Complete=True condition without the SuccessCriteriaMet=true condition");
}

function validateFinished(change: Change): void {
  const { job, now, errors } = change;
  if (!isFinished(now)) return;
  const { active = 0, startTime, uncountedTerminatedPods: uncounted } = now;
  if ((finishes(change) || changes(change, "active")) && active > 0)
    errors.at("active").invalid(active, "active>0 is invalid for finished job");
  const isEmptyAndSuspended = job.spec?.suspend === true && job.spec.completions === 0;
  if ((finishes(change) || changes(change, "startTime")) && !isEmptyAndSuspended && !startTime)
    errors.at("startTime").required("startTime is required for finished job");
  if (finishes(change) || changes(change, "uncountedTerminatedPods"))
    if ((uncounted?.failed?.length ?? 0) + (uncounted?.succeeded?.length ?? 0) > 0)
      errors
        .at("uncountedTerminatedPods")
        .invalid(internalForm(uncounted, "UncountedTerminatedPods"), "must be empty for finished job");
}

function validateIndexes(change: Change): void {
  const { job, now, errors } = change;
  const { completionMode, completions, backoffLimitPerIndex } = job.spec!;
  const { completedIndexes = "", failedIndexes } = now;
  const [completed, failed] = [errors.at("completedIndexes"), errors.at("failedIndexes")];
  const changesCompleted = changes(change, "completedIndexes");
  const changesFailed = (change.before.failedIndexes ?? null) !== (failedIndexes ?? null);
  if (changesCompleted && completions != null)
    checkIndexes(completedIndexes, completions, completed, "completedIndexes");
  if (changesFailed && completions != null && backoffLimitPerIndex != null && failedIndexes != null)
    checkIndexes(failedIndexes, completions, failed, "failedIndexes");
  if (changesCompleted && completedIndexes && completionMode !== "Indexed")
    completed.invalid(
      completedIndexes,
      "cannot set non-empty completedIndexes when non-indexed completion mode",
    );
  if (changesFailed && backoffLimitPerIndex == null && failedIndexes != null)
    failed.invalid(failedIndexes, "cannot set non-null failedIndexes when backoffLimitPerIndex is null");
  if ((changesCompleted || changesFailed) && completions != null && failedIndexes != null) {
    const index = overlapOf(completedIndexes, failedIndexes, completions);
    if (index !== undefined)
      failed.invalid(failedIndexes, `failedIndexes and completedIndexes overlap at index: ${index}`);
  }
}

function checkIndexes(text: string, completions: number, errors: FieldErrors, name: string): void {
  try {
    countIndexes(text, completions);
  } catch (err) {
    if (!(err instanceof SyntaxError)) throw err;
    errors.invalid(text, `error parsing ${name}: ${err.message}`);
  }
}

function validateRunning(change: Change): void {
  const { now, errors } = change;
  const { terminating, ready, active = 0 } = now;
  if (finishes(change) || (change.before.terminating ?? null) !== (terminating ?? null))
    if (terminating != null && terminating > 0 && isFinished(now))
      errors.at("terminating").invalid(terminating, "terminating>0 is invalid for finished job");
  if ((change.before.ready ?? null) !== (ready ?? null) || changes(change, "active"))
    if (ready != null && ready > active)
      errors.at("ready").invalid(ready, "cannot set more ready pods than active");
}

function validateSuccess({ job, has, errors }: Change): void {
  const at = errors.at("conditions");
  if (has("SuccessCriteriaMet") && has("Failed"))
    at.wrong("cannot set SuccessCriteriaMet=True and Failed=true conditions");
  if (has("SuccessCriteriaMet") && has("FailureTarget"))
    at.wrong("cannot set SuccessCriteriaMet=True and FailureTarget=true conditions");
  if (job.spec?.successPolicy && !has("SuccessCriteriaMet") && has("Complete"))
    at.wrong("cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True");
}

/** What may only go forward. */
function validateProgress(change: Change): void {
  const { job, now, before, has, errors } = change;
  const { completionMode, completions, parallelism, suspend } = job.spec!;
  const had = (type: string): boolean => hasCondition(before, type);
  const at = errors.at("conditions");
  for (const type of ["Failed", "Complete", "FailureTarget"])
    if (had(type) && !has(type)) at.wrong(`cannot disable the terminal ${type}=True condition`);
  checkCounter("failed", change);
  // Indexed Jobs of which all indexes run at once can be made smaller.
  if (completionMode !== "Indexed" || completions !== parallelism) checkCounter("succeeded", change);
  const { completionTime, startTime } = now;
  if (completionTime && before.completionTime && completionTime !== before.completionTime)
    errors.at("completionTime").invalid(completionTime, "field is immutable");
  const isResumed = had("Suspended") && hasCondition(now, "Suspended", "False");
  if (!isResumed && !suspend && before.startTime && startTime !== before.startTime)
    errors.at("startTime").invalid(startTime ?? null, "field is immutable for unsuspended job once set");
  if (had("SuccessCriteriaMet") && !has("SuccessCriteriaMet"))
    at.wrong("cannot disable the SuccessCriteriaMet=True condition");
  if (had("Complete") && !had("SuccessCriteriaMet") && has("SuccessCriteriaMet"))
    at.wrong("cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions");
}

function checkCounter(field: "failed" | "succeeded", { now, before, errors }: Change): void {
  const count = now[field] ?? 0;
  if (count < (before[field] ?? 0)) errors.at(field).invalid(count, `cannot decrease the ${field} counter`);
}
