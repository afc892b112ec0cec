/** What every API object must have, looked for in those inside another: `apiVersion`, `kind` and valid metadata. */

import { convert } from "@knarr/machinery/decode/convert.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import { validateMetadata } from "@knarr/machinery/metadata.ts";
import { dns1035Label, nameIsPathSegment } from "@knarr/machinery/names.ts";
import type { JsonObject, ObjectMeta } from "@knarr/machinery/object.ts";
import { sortedKeys } from "@knarr/machinery/quote.ts";
import { objectMeta } from "./coerce.ts";
import { EMBEDS_RESOURCES } from "./facts.ts";
import type { Structural } from "./structural.ts";

export function validateEmbedded(
  value: unknown,
  structural: Structural | undefined,
  errors: FieldErrors,
): void {
  if (typeof value !== "object" || value === null || !structural?.says(EMBEDS_RESOURCES)) return;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) validateEmbedded(item, structural.items, errors.at(index));
    return;
  }
  if (structural.isEmbeddedResource) validateResource(value as JsonObject, errors);
  for (const [name, member] of Object.entries(value)) {
    const field = structural.properties.get(name);
    validateEmbedded(member, field ?? structural.additional, errors.at(field ? name : [name]));
  }
}

/** One that is known to be a resource. */
export function validateResource(object: JsonObject, errors: FieldErrors): void {
  for (const name of ["apiVersion", "kind"]) if (!Object.hasOwn(object, name)) errors.at(name).required();
  if (object.apiVersion !== undefined) validateApiVersion(object.apiVersion, errors.at("apiVersion"));
  if (object.kind !== undefined) validateKind(object.kind, errors.at("kind"));
  if (object.metadata !== undefined) validateMeta(object.metadata, errors.at("metadata"));
}

function validateApiVersion(apiVersion: unknown, errors: FieldErrors): void {
  if (typeof apiVersion !== "string") errors.invalid(sortedKeys(apiVersion), "must be a string");
  else if (apiVersion === "") errors.invalid("", "must not be empty");
  else if (apiVersion.split("/").length > 2)
    errors.invalid(apiVersion, `unexpected GroupVersion string: ${apiVersion}`);
}

function validateKind(kind: unknown, errors: FieldErrors): void {
  if (typeof kind !== "string") errors.invalid(sortedKeys(kind), "must be a string");
  else if (kind === "") errors.invalid("", "must not be empty");
  else {
    const problems = dns1035Label(kind.toLowerCase());
    if (problems.length > 0)
      errors.invalid(kind, `may have mixed case, but should otherwise match: ${problems.join(",")}`);
  }
}

function validateMeta(metadata: unknown, errors: FieldErrors): void {
  let typed: ObjectMeta;
  try {
    typed = convert(metadata, objectMeta).object as ObjectMeta;
  } catch (err) {
    return errors.invalid(sortedKeys(metadata), (err as Error).message);
  }
  const named = { ...typed, name: typed.name || "fakename" }; // an embedded one may go without
  validateMetadata(named, errors, { namespaced: Boolean(typed.namespace), name: nameIsPathSegment });
}
