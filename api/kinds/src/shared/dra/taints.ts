/** Taints of devices, and what requests for devices tolerate. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { labelValue, qualifiedName } from "@knarr/machinery/names.ts";

import type { DeviceTaint, DeviceToleration } from "../../../generated/resource-v1.ts";
import { reject } from "../values.ts";

const EFFECTS = ["NoExecute", "NoSchedule", "None"];

/** An effect that stood there before may stay, whatever it is. */
export function validateDeviceTaint(
  { key = "", value, effect }: DeviceTaint,
  errors: FieldErrors,
  previous?: DeviceTaint,
): void {
  reject(errors.at("key"), key, qualifiedName(key));
  if (value) reject(errors.at("value"), value, labelValue(value));
  if (previous && (previous.effect ?? "") === (effect ?? "")) return;
  if (!effect) errors.at("effect").required();
  else checkEffect(effect, errors);
}

export function validateDeviceToleration(
  { key, operator, value = "", effect }: DeviceToleration,
  errors: FieldErrors,
): void {
  if (key) reject(errors.at("key"), key, qualifiedName(key));
  if (operator === "Exists") {
    if (value) errors.at("value").invalid(value, "must be empty for operator `Exists`");
  } else if (operator === "Equal") reject(errors.at("value"), value, labelValue(value));
  else if (!operator) errors.at("operator").required();
  else errors.at("operator").notSupported(operator, ["Equal", "Exists"]);
  if (effect) checkEffect(effect, errors);
}

function checkEffect(effect: string, errors: FieldErrors): void {
  if (!EFFECTS.includes(effect)) errors.at("effect").notSupported(effect, EFFECTS);
}

/** A taint says since when it is there. */
export function stampTaint(taint: DeviceTaint | undefined, now: string): void {
  if (taint) taint.timeAdded ??= now;
}
