/** Rules that ConfigMaps and Secrets share: keys that can be file names, a bound on the size, and `immutable`. */

import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import { configMapKey } from "@knarr/machinery/names.ts";
import { reject } from "./values.ts";

export const MAX_DATA_BYTES = 1024 * 1024;

export type Data = Readonly<Record<string, string>>;

export function checkKeys(data: Data | undefined, errors: FieldErrors): void {
  for (const key in data) reject(errors.at([key]), key, configMapKey(key));
}

export function textBytes(data: Data | undefined): number {
  let bytes = 0;
  for (const key in data) bytes += Buffer.byteLength(data[key]!);
  return bytes;
}

/** Bytes behind base64, without decoding it. */
export function base64Bytes(data: Data | undefined): number {
  let bytes = 0;
  for (const key in data) {
    const text = data[key]!;
    bytes += (text.length / 4) * 3 - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0);
  }
  return bytes;
}

interface Immutable {
  readonly immutable?: boolean;
}

/** Once `immutable` is set it stays, and `fields` stay as they are. */
export function checkImmutable<T extends Immutable>(
  object: T,
  previous: T,
  errors: FieldErrors,
  fields: readonly (keyof T & string)[],
): void {
  if (!previous.immutable) return;
  const why = "field is immutable when `immutable` is set";
  if (!object.immutable) errors.at("immutable").forbidden(why);
  for (const field of fields)
    if (!semanticEqual(object[field], previous[field])) errors.at(field).forbidden(why);
}
