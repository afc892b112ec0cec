/** The rules of a Job's spec, in a Job and in the template of a CronJob. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Subdomain, regexText } from "@knarr/machinery/names.ts";

import type { JobSpec } from "../../../generated/batch-v1.ts";
import { internalForm } from "../internal/form.ts";
import { validatePodTemplate } from "../pod/template.ts";
import { templateWarnings } from "../pod/warnings.ts";
import { checkNotNegative, reject } from "../values.ts";
import { validateFailurePolicy, validateSuccessPolicy } from "./policies.ts";

/** So that the lists of completed and failed indexes stay short enough to keep. */
const MOST_PARALLEL = 100_000;
const MOST_FAILED = 100_000;
/** With more completions than this, fewer may run and fail. */
const MANY_COMPLETIONS = 100_000;
const MOST_PARALLEL_OF_MANY = 10_000;
const MOST_FAILED_OF_MANY = 10_000;

const MOST_MANAGER_BYTES = 63;

export function validateJobSpec(spec: JobSpec, previous: JobSpec | undefined, errors: FieldErrors): void {
  validateNumbers(spec, errors);
  if (spec.managedBy != null) validateManagedBy(spec.managedBy, errors.at("managedBy"));
  validateMode(spec, errors);
  if (spec.podFailurePolicy) validateFailurePolicy(spec, errors.at("podFailurePolicy"));
  if (spec.successPolicy) {
    const at = errors.at("successPolicy");
    if (spec.completionMode === "Indexed") validateSuccessPolicy(spec, at);
    else at.invalid(internalForm(spec.successPolicy, "SuccessPolicy"), "requires indexed completion mode");
  }
  validateReplacement(spec, errors.at("podReplacementPolicy"));
  validatePodTemplate(spec.template, previous?.template, errors.at("template"));
  validateRestartPolicy(spec, errors.at("template").at("spec").at("restartPolicy"));
}

function validateNumbers(spec: JobSpec, errors: FieldErrors): void {
  for (const field of [
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
  ] as const)
    checkNotNegative(errors.at(field), spec[field]);
  if (spec.maxFailedIndexes != null && spec.backoffLimitPerIndex == null)
    errors.at("backoffLimitPerIndex").required("when maxFailedIndexes is specified");
}

const pathPattern = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const pathRegex = new RegExp(`^${pathPattern}$`);

/** `acme.io/foo` */
function validateManagedBy(name: string, errors: FieldErrors): void {
  const [, host, path] = /^([^/]+)\/(.+)$/s.exec(name) ?? [];
  if (!name) errors.required();
  else if (!host || !path) errors.invalid(name, 'must be a domain-prefixed path (such as "acme.io/foo")');
  else {
    reject(errors, host, dns1123Subdomain(host));
    if (!pathRegex.test(path)) errors.invalid(path, regexText("Invalid path", pathPattern));
  }
  if (Buffer.byteLength(name) > MOST_MANAGER_BYTES) errors.tooLong(MOST_MANAGER_BYTES);
}

function validateMode(spec: JobSpec, errors: FieldErrors): void {
  const { completionMode: mode } = spec;
  if (mode != null && mode !== "NonIndexed" && mode !== "Indexed")
    errors.at("completionMode").notSupported(mode, ["NonIndexed", "Indexed"]);
  if (mode === "Indexed") validateIndexed(spec, errors);
  if (mode != null && mode !== "NonIndexed") return;
  for (const field of ["backoffLimitPerIndex", "maxFailedIndexes"] as const)
    if (spec[field] != null) errors.at(field).invalid(spec[field], "requires indexed completion mode");
}

function validateIndexed(spec: JobSpec, errors: FieldErrors): void {
  const { completions, parallelism, maxFailedIndexes: mostFailed } = spec;
  const [parallel, failed] = [errors.at("parallelism"), errors.at("maxFailedIndexes")];
  if (completions == null) errors.at("completions").required("when completion mode is Indexed");
  if (parallelism != null && parallelism > MOST_PARALLEL)
    parallel.invalid(
      parallelism,
      `must be less than or equal to ${MOST_PARALLEL} when completion mode is Indexed`,
    );
  if (completions != null && mostFailed != null && mostFailed > completions)
    failed.invalid(mostFailed, "must be less than or equal to completions");
  if (mostFailed != null && mostFailed > MOST_FAILED)
    failed.invalid(mostFailed, `must be less than or equal to ${MOST_FAILED}`);
  if (completions == null || completions <= MANY_COMPLETIONS || spec.backoffLimitPerIndex == null) return;
  const when = `when completions are above ${MANY_COMPLETIONS} and used with backoff limit per index`;
  if (mostFailed == null) failed.required(`must be specified when completions is above ${MANY_COMPLETIONS}`);
  if (parallelism != null && parallelism > MOST_PARALLEL_OF_MANY)
    parallel.invalid(parallelism, `must be less than or equal to ${MOST_PARALLEL_OF_MANY} ${when}`);
  if (mostFailed != null && mostFailed > MOST_FAILED_OF_MANY)
    failed.invalid(mostFailed, `must be less than or equal to ${MOST_FAILED_OF_MANY} ${when}`);
}

/** A pod that may yet be looked at by a failure policy must have failed before it is replaced. */
function validateReplacement(
  { podReplacementPolicy: policy, podFailurePolicy }: JobSpec,
  errors: FieldErrors,
): void {
  const supported = podFailurePolicy ? ["Failed"] : ["Failed", "TerminatingOrFailed"];
  if (policy != null && !supported.includes(policy)) errors.notSupported(policy, supported);
}

function validateRestartPolicy({ template, podFailurePolicy }: JobSpec, errors: FieldErrors): void {
  const policy = template.spec?.restartPolicy;
  const supported = ["OnFailure", "Never"];
  if (!policy || policy === "Always") errors.required('valid values: "OnFailure", "Never"');
  else if (!supported.includes(policy)) errors.notSupported(policy, supported);
  else if (podFailurePolicy && policy !== "Never")
    errors.invalid(policy, 'only "Never" is supported when podFailurePolicy is specified');
}

export function jobSpecWarnings(spec: JobSpec | undefined, path: string): readonly string[] {
  const { completionMode, completions = 0, parallelism = 0 } = spec ?? {};
  const isHuge =
    completionMode === "Indexed" && completions > MANY_COMPLETIONS && parallelism > MOST_PARALLEL_OF_MANY;
  const text =
    "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail";
  return [...(isHuge ? [`${path}: ${text}`] : []), ...templateWarnings(spec?.template, `${path}.template`)];
}
