/** Names of kinds and objects of which no more is known than that they must fit into a path. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { nameIsPathSegment } from "@knarr/machinery/names.ts";

import { reject } from "./values.ts";

export function checkPathSegment(errors: FieldErrors, text: string): void {
  reject(errors, text, nameIsPathSegment(text, { generateName: false }));
}

export function requirePathSegment(errors: FieldErrors, text: string | undefined): void {
  if (!text) errors.required();
  else checkPathSegment(errors, text);
}
