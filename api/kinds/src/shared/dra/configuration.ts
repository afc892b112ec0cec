/** What drivers are told in their own terms: a name and any JSON object. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

import type { OpaqueDeviceConfiguration } from "../../../generated/resource-v1.ts";
import { validateDriverName } from "./names.ts";

const MAX_RAW_BYTES = 10 * 1024;
export const MAX_CONFIGURATIONS = 32;

export interface Stored {
  /** It stood there before, and may be larger than what is new may be. */
  readonly isStored: boolean;
}

export function validateConfiguration(
  { opaque }: { readonly opaque?: OpaqueDeviceConfiguration },
  errors: FieldErrors,
  stored: Stored,
): void {
  const at = errors.at("opaque");
  if (!opaque) return at.required();
  validateDriverName(opaque.driver, at.at("driver"));
  validateRaw(opaque.parameters, at.at("parameters"), stored);
}

export function validateRaw(value: unknown, errors: FieldErrors, { isStored }: Stored): void {
  if (value === undefined || value === null) errors.required();
  else if (!isStored && Buffer.byteLength(JSON.stringify(value)) > MAX_RAW_BYTES)
    errors.tooLong(MAX_RAW_BYTES);
  else if (typeof value !== "object" || Array.isArray(value))
    errors.invalid("<value omitted>", "must be a valid JSON object");
}
