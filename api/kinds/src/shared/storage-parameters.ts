/** What classes of storage say to the driver that makes or changes volumes of them. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { qualifiedName } from "@knarr/machinery/names.ts";

import { reject } from "./values.ts";

const MAX_PARAMETERS = 512;
const MAX_PARAMETER_BYTES = 256 * 1024;

/** Findings quote the name in lower case, in which it is looked at. */
export function validateDriver(name: string | undefined, errors: FieldErrors): void {
  if (!name) errors.required();
  else reject(errors, name.toLowerCase(), qualifiedName(name.toLowerCase()));
}

export function validateParameters(
  parameters: Readonly<Record<string, string>> | undefined = {},
  errors: FieldErrors,
  { mayBeEmpty = true } = {},
): void {
  const entries = Object.entries(parameters);
  if (entries.length > MAX_PARAMETERS) {
    errors.tooLong(MAX_PARAMETERS);
    return;
  }
  let bytes = 0;
  for (const [key, value] of entries) {
    if (key === "") errors.invalid(key, "field can not be empty.");
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > MAX_PARAMETER_BYTES) errors.tooLong(MAX_PARAMETER_BYTES);
  if (!mayBeEmpty && entries.length === 0) errors.required("must contain at least one key/value pair");
}
