/** The rules of `metav1.Condition`, for the kinds whose statuses are lists of them. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { qualifiedName, regexText } from "@knarr/machinery/names.ts";

import type { Condition } from "../../generated/meta.ts";
import { reject } from "./values.ts";

const MOST_REASON_BYTES = 1024;
const MOST_MESSAGE_BYTES = 32 * 1024;

const reasonPattern = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?";
const reasonRegex = new RegExp(`^${reasonPattern}$`);
const reasonProblem = regexText(
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'",
  reasonPattern,
  "my_name",
  "MY_NAME",
  "MyName",
  "ReasonA,ReasonB",
  "ReasonA:ReasonB",
);

export function validateConditions(conditions: readonly Condition[] | undefined, errors: FieldErrors): void {
  const seen = new Set<string>();
  (conditions ?? []).forEach((condition, i) => {
    const { type = "" } = condition;
    if (seen.has(type)) errors.at(i).at("type").duplicate(type);
    seen.add(type);
    validateCondition(condition, errors.at(i));
  });
}

function validateCondition(condition: Condition, errors: FieldErrors): void {
  const { type = "", status = "", observedGeneration = 0, reason, message = "" } = condition;
  reject(errors.at("type"), type, qualifiedName(type));
  const statuses = ["False", "True", "Unknown"];
  if (!statuses.includes(status)) errors.at("status").notSupported(status, statuses);
  if (observedGeneration < 0)
    errors.at("observedGeneration").invalid(observedGeneration, "must be greater than or equal to zero");
  if (!condition.lastTransitionTime) errors.at("lastTransitionTime").required();
  const at = errors.at("reason");
  if (!reason) at.required();
  else {
    if (!reasonRegex.test(reason)) at.invalid(reason, reasonProblem);
    if (Buffer.byteLength(reason) > MOST_REASON_BYTES) at.tooLong(MOST_REASON_BYTES);
  }
  if (Buffer.byteLength(message) > MOST_MESSAGE_BYTES) errors.at("message").tooLong(MOST_MESSAGE_BYTES);
}
