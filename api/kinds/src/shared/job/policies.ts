/** What a Job makes of pods that fail, and when it is done before all its indexes are. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { qualifiedName } from "@knarr/machinery/names.ts";
import { quoteAll } from "@knarr/machinery/quote.ts";

import type {
  JobSpec,
  PodFailurePolicy,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
  PodFailurePolicyRule,
  SuccessPolicyRule,
} from "../../../generated/batch-v1.ts";
import { checkNotNegative, reject } from "../values.ts";
import { countIndexes } from "./index-intervals.ts";

const MOST_RULES = 20;
const MOST_EXIT_CODES = 255;
const MOST_PATTERNS = 20;
const MOST_INDEX_BYTES = 64 * 1024;

const actions = ["Count", "FailIndex", "FailJob", "Ignore"];
const operators = ["In", "NotIn"];
const statuses = ["False", "True", "Unknown"];

export function validateFailurePolicy(spec: JobSpec, errors: FieldErrors): void {
  const rules = spec.podFailurePolicy?.rules ?? [];
  const at = errors.at("rules");
  if (rules.length > MOST_RULES) at.tooMany(rules.length, MOST_RULES);
  rules.forEach((rule, i) => validateFailureRule(rule, at.at(i), spec));
}

function validateFailureRule(rule: PodFailurePolicyRule, errors: FieldErrors, spec: JobSpec): void {
  const { action, onExitCodes, onPodConditions } = rule;
  const hasConditions = Boolean(onPodConditions?.length);
  if (action === "FailIndex" && spec.backoffLimitPerIndex == null)
    errors.at("action").invalid(action, "requires the backoffLimitPerIndex to be set");
  requireNamed(errors.at("action"), action, actions);
  if (onExitCodes) validateExitCodes(onExitCodes, errors.at("onExitCodes"), spec);
  if (hasConditions) validatePatterns(onPodConditions!, errors.at("onPodConditions"));
  if (onExitCodes && hasConditions)
    errors.wrong("specifying both OnExitCodes and OnPodConditions is not supported");
  if (!onExitCodes && !hasConditions)
    errors.wrong("specifying one of OnExitCodes and OnPodConditions is required");
}

/** Who names nothing is told the choice. */
function requireNamed(errors: FieldErrors, value: string | undefined, supported: readonly string[]): void {
  if (!value) errors.required(`valid values: ${quoteAll(supported)}`);
  else if (!supported.includes(value)) errors.notSupported(value, supported);
}

function validateExitCodes(
  { operator, containerName, values }: PodFailurePolicyOnExitCodesRequirement,
  errors: FieldErrors,
  { template }: JobSpec,
): void {
  requireNamed(errors.at("operator"), operator, operators);
  const containers = [...(template.spec?.containers ?? []), ...(template.spec?.initContainers ?? [])];
  if (containerName != null && !containers.some(({ name }) => name === containerName))
    errors
      .at("containerName")
      .invalid(containerName, "must be one of the container or initContainer names in the pod template");
  const at = errors.at("values");
  const codes = values ?? [];
  if (!codes.length) at.invalid(values ?? null, "at least one value is required");
  if (codes.length > MOST_EXIT_CODES) at.tooMany(codes.length, MOST_EXIT_CODES);
  codes.forEach((code, i) => {
    if (operator === "In" && code === 0) at.at(i).invalid(code, "must not be 0 for the In operator");
    if (codes.indexOf(code) < i) at.at(i).duplicate(code);
  });
  if (codes.some((code, i) => i > 0 && codes[i - 1]! > code)) at.invalid(codes, "must be ordered");
}

function validatePatterns(
  patterns: readonly PodFailurePolicyOnPodConditionsPattern[],
  errors: FieldErrors,
): void {
  if (patterns.length > MOST_PATTERNS) errors.tooMany(patterns.length, MOST_PATTERNS);
  patterns.forEach(({ type = "", status }, i) => {
    reject(errors.at(i).at("type"), type, qualifiedName(type));
    requireNamed(errors.at(i).at("status"), status, statuses);
  });
}

export function validateSuccessPolicy(spec: JobSpec, errors: FieldErrors): void {
  const rules = spec.successPolicy?.rules ?? [];
  const at = errors.at("rules");
  if (!rules.length) at.required("at least one rules must be specified when the successPolicy is specified");
  if (rules.length > MOST_RULES) at.tooMany(rules.length, MOST_RULES);
  rules.forEach((rule, i) => validateSuccessRule(rule, at.at(i), spec.completions ?? 0));
}

function validateSuccessRule(
  { succeededCount: count, succeededIndexes: indexes }: SuccessPolicyRule,
  errors: FieldErrors,
  completions: number,
): void {
  if (count == null && indexes == null)
    errors.required("at least one of succeededCount or succeededIndexes must be specified");
  const named = indexes == null ? 0 : checkIndexes(indexes, errors.at("succeededIndexes"), completions);
  if (count == null) return;
  const at = errors.at("succeededCount");
  checkNotNegative(at, count);
  const tooMany = (most: number, what: string): void =>
    at.invalid(count, `must be less than or equal to ${most} (the number of ${what})`);
  if (count > completions) tooMany(completions, "specified completions");
  if (indexes != null && count > named) tooMany(named, "indexes in the specified succeededIndexes field");
}

function checkIndexes(indexes: string, errors: FieldErrors, completions: number): number {
  if (Buffer.byteLength(indexes) > MOST_INDEX_BYTES) errors.tooLong(MOST_INDEX_BYTES);
  try {
    return countIndexes(indexes, completions);
  } catch (err) {
    if (!(err instanceof SyntaxError)) throw err;
    errors.invalid(indexes, `error parsing succeededIndexes: ${err.message}`);
    return 0;
  }
}

export function defaultFailurePolicy(policy: PodFailurePolicy | undefined): void {
  for (const { onPodConditions = [] } of policy?.rules ?? [])
    for (const pattern of onPodConditions) pattern.status ||= "True";
}
