/**
 * What decoding into Go's types does to a built-in object, done to one that has only a schema: metadata is typed, what
 * nobody knows is dropped, nulls that mean nothing go.
 *
 * From a request, metadata that cannot be read is an error; from storage, where older rules let it in, it is dropped.
 */

import { convert } from "@knarr/machinery/decode/convert.ts";
import { strictFindings } from "@knarr/machinery/decode/strict.ts";
import { type FieldError, FieldErrors } from "@knarr/machinery/field.ts";
import type { JsonObject } from "@knarr/machinery/object.ts";
import { sortedKeys } from "@knarr/machinery/quote.ts";
import { definition } from "@knarr/schema/definitions.ts";
import { EMBEDS_RESOURCES } from "./facts.ts";
import { prune, pruneNulls } from "./prune.ts";
import type { Structural } from "./structural.ts";

export interface CoerceOptions {
  /** The definition is from before v1 and keeps everything. */
  readonly preservesUnknownFields?: boolean | undefined;
  /** What is wrong with metadata goes, instead of being refused. */
  readonly dropsMalformed?: boolean;
}

/** In place. Returns what strict decoding finds; throws TypeError or SyntaxError for metadata that cannot be read. */
export function coerce(
  object: JsonObject,
  structural: Structural,
  options: CoerceOptions = {},
): readonly string[] {
  const findings: string[] = [];
  coerceMetadata(object, "metadata", findings, options);
  return coerceFields(object, structural, { ...options, findings });
}

/** The same for an object whose own metadata is typed already. Adds to `findings` that there are, and returns all. */
export function coerceFields(
  object: JsonObject,
  structural: Structural,
  { findings = [], ...options }: CoerceOptions & { readonly findings?: string[] } = {},
): readonly string[] {
  if (!options.preservesUnknownFields) {
    for (const path of prune(object, structural)) findings.push(unknownField(path));
    pruneNulls(object, structural);
  }
  const embedded: string[] = [];
  coerceInner(object, structural, { at: new FieldErrors(), findings: embedded, options });
  return embedded.length === 0 ? findings : [...findings, ...embedded.sort()];
}

function unknownField(path: string): string {
  return `unknown field "${path}"`;
}

export const objectMeta = definition("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");

/** Types `object.metadata`, which stands at `path`. */
function coerceMetadata(object: JsonObject, path: string, findings: string[], options: CoerceOptions): void {
  const { metadata } = object;
  if (metadata === undefined) return;
  if (metadata === null) {
    object.metadata = {};
    return;
  }
  try {
    const converted = convert(metadata, objectMeta);
    if (converted.hasUnknown)
      for (const finding of strictFindings(metadata, objectMeta))
        findings.push(finding.replace('unknown field "', `unknown field "${path}.`));
    object.metadata = converted.object;
  } catch (err) {
    if (!options.dropsMalformed || typeof metadata !== "object") throw err;
    object.metadata = readableMetadata(metadata as JsonObject);
  }
}

/** Types the object's metadata, without what cannot be read of it. */
export function dropMalformedMetadata(object: JsonObject): void {
  if (typeof object.metadata !== "object") delete object.metadata;
  object.metadata ??= {};
  coerceMetadata(object, "metadata", [], { dropsMalformed: true });
}

/** Field by field: those that can be read. */
function readableMetadata(metadata: JsonObject): JsonObject {
  const readable: JsonObject = {};
  for (const [name, value] of Object.entries(metadata))
    try {
      Object.assign(readable, convert({ [name]: value }, objectMeta).object);
    } catch {
      // dropped: that is what reading from storage does with it
    }
  return readable;
}

/** Types embedded resources in a value that stands at `at`, in place. Throws Malformed for the first that cannot be read. */
export function coerceEmbedded(
  value: unknown,
  structural: Structural,
  { at, isResource = false }: { readonly at: FieldErrors; readonly isResource?: boolean },
): void {
  const place = { at, findings: [], options: {} };
  if (isResource && !structural.isEmbeddedResource) coerceResource(value as JsonObject, place);
  coerceInner(value, structural, place);
}

interface Place {
  readonly at: FieldErrors;
  readonly findings: string[];
  readonly options: CoerceOptions;
}

/** Embedded resources, wherever the schema has them. */
function coerceInner(value: unknown, structural: Structural | undefined, place: Place): void {
  if (typeof value !== "object" || value === null || !structural?.says(EMBEDS_RESOURCES)) return;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries())
      coerceInner(item, structural.items, { ...place, at: place.at.at(index) });
    return;
  }
  const object = value as JsonObject;
  if (structural.isEmbeddedResource) coerceResource(object, place);
  for (const key in object) {
    const field = structural.properties.get(key);
    const step = field ? key : ([key] as const);
    coerceInner(object[key], field ?? structural.additional, { ...place, at: place.at.at(step) });
  }
}

function coerceResource(object: JsonObject, { at, findings, options }: Place): void {
  for (const key of ["apiVersion", "kind"]) {
    const text = object[key];
    if (text === undefined || typeof text === "string") continue;
    if (!options.dropsMalformed) refuse(at.at(key), text, "must be a string");
    delete object[key];
  }
  const metadata = object.metadata;
  try {
    coerceMetadata(object, at.at("metadata").path, findings, options);
  } catch (err) {
    if (!options.dropsMalformed) refuse(at.at("metadata"), metadata, (err as Error).message);
  }
}

function refuse(at: FieldErrors, value: unknown, why: string): never {
  const errors = new FieldErrors(at.path);
  errors.invalid(sortedKeys(value), why);
  throw new Malformed(errors.list[0]!);
}

/** Metadata of an embedded resource, or its kind, that cannot be read. */
export class Malformed extends SyntaxError {
  override readonly name = "Malformed";
  readonly finding: FieldError;

  constructor(finding: FieldError) {
    super(`${finding.field}: ${finding.message}`);
    this.finding = finding;
  }
}
