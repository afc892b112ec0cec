/**
 * Bodies of custom resources. Nothing stands behind them that a value could be converted to: what the sender wrote is kept, but for
 * metadata, which is typed as that of every object, and for what the schema does not know.
 */

import { FieldErrors } from "../field.ts";
import { groupVersion, type JsonObject } from "../object.ts";
import { copyJson } from "../patch/copy.ts";
import { goMapJson } from "../quote.ts";
import { badRequest, internalError, invalid, unsupportedMediaType, type ApiError } from "../status.ts";
import type { Decoded, DecodeOptions, ExpectedKind, FieldValidation } from "./decode.ts";
import { bodyTypes, JSON_TYPE, mediaTypeOf, PROTOBUF_TYPE, YAML_TYPE } from "./media-types.ts";
import { duplicateKeys } from "./duplicate-keys.ts";
import { parseJson, parsePairs } from "./json.ts";
import { unhandled, unrecognized, warningsOf } from "./problems.ts";
import { textIn, typeMeta } from "./type-meta.ts";
import { parseYaml } from "./yaml.ts";

export interface CustomDecoding {
  /**
   * Types metadata and takes out what the schema does not know, in place. Returns what strict decoding has against it (`unknown field
   * "spec.foo"`); throws TypeError or SyntaxError for metadata that cannot be read.
   */
  coerce(object: JsonObject): readonly string[];
}

interface Read {
  readonly value: unknown;
  /** In the order of the text. */
  duplicates(): readonly string[];
}

const readers: Readonly<Record<string, (bytes: Uint8Array) => Read>> = {
  [JSON_TYPE]: readJson,
  [YAML_TYPE]: readYaml,
};

export function decodeCustomBody(
  bytes: Uint8Array,
  expected: ExpectedKind,
  custom: CustomDecoding,
  { mediaType, fieldValidation = "Warn" }: DecodeOptions,
): Decoded {
  const type = mediaTypeOf(mediaType);
  const read = readers[type];
  // upstream claims to accept protobuf here, and breaks over it
  if (!read) throw unsupportedMediaType(type === PROTOBUF_TYPE ? Object.keys(readers) : bodyTypes);
  let body: Read;
  let actual: Named;
  try {
    body = read(bytes);
    actual = namedKind(body.value);
    if (actual.kind === "") throw new SyntaxError(kindless(body.value));
  } catch (err) {
    throw unrecognized(bytes, expected, err);
  }
  if (actual.apiVersion !== groupVersion(expected))
    throw badRequest(
      `the API version in the data (${actual.apiVersion}) does not match the expected API version (${groupVersion(expected)})`,
    );
  return coerced(body.value as JsonObject, actual, { expected, custom, fieldValidation }, body.duplicates());
}

/** The same for what is JSON already, and not the caller's to change. */
export function decodeCustomValue(
  value: unknown,
  expected: ExpectedKind,
  custom: CustomDecoding,
  { fieldValidation, duplicates }: { fieldValidation: FieldValidation; duplicates: readonly string[] },
): Decoded {
  const object = copyJson(value) as JsonObject;
  let actual: Named;
  try {
    actual = namedKind(object);
    if (actual.kind === "") throw new SyntaxError(kindless(object));
  } catch (err) {
    throw unhandled(expected, expected, err);
  }
  // upstream finds it too late to blame the sender
  if (actual.apiVersion === "")
    throw internalError(new Error("Object 'apiVersion' is missing in 'object has no apiVersion field'"));
  return coerced(object, actual, { expected, custom, fieldValidation }, duplicates);
}

interface Coercing {
  readonly expected: ExpectedKind;
  readonly custom: CustomDecoding;
  readonly fieldValidation: FieldValidation;
}

function coerced(
  object: JsonObject,
  actual: Named,
  { expected, custom, fieldValidation }: Coercing,
  duplicates: readonly string[],
): Decoded {
  if (actual.kind !== expected.kind || actual.apiVersion !== groupVersion(expected))
    throw wrongKind(object, actual, expected);
  try {
    if (object["metadata"] === null || object["metadata"] === undefined) object["metadata"] = {};
    const findings = [...duplicates, ...custom.coerce(object)];
    if (findings.length > 0 && fieldValidation === "Strict")
      throw new SyntaxError(`strict decoding error: ${findings.join(", ")}`);
    return { object, warnings: fieldValidation === "Ignore" ? [] : findings.flatMap(warningsOf) };
  } catch (err) {
    throw unhandled({ ...expected, kind: actual.kind }, expected, err);
  }
}

function kindless(value: unknown): string {
  return `Object 'Kind' is missing in '${goMapJson(value)}'`;
}

interface Named {
  readonly kind: string;
  readonly apiVersion: string;
}

function namedKind(value: unknown): Named {
  const meta = typeMeta(value);
  return { kind: textIn(meta.kind, "kind"), apiVersion: textIn(meta.apiVersion, "apiVersion") };
}

/** Upstream finds it when it validates. */
function wrongKind(object: JsonObject, { kind, apiVersion }: Named, expected: ExpectedKind): ApiError {
  const errors = new FieldErrors();
  if (kind !== expected.kind) errors.at("kind").invalid(kind, `must be ${expected.kind}`);
  if (apiVersion !== groupVersion(expected))
    errors.at("apiVersion").invalid(apiVersion, `must be ${groupVersion(expected)}`);
  const { name } = (object["metadata"] ?? {}) as { readonly name?: unknown };
  return invalid({ group: expected.group, kind }, typeof name === "string" ? name : "", errors.list);
}

function readJson(bytes: Uint8Array): Read {
  try {
    const { value, hasDuplicates } = parseJson(bytes);
    typeMeta(value);
    return { value, duplicates: () => (hasDuplicates ? duplicateKeys(parsePairs(bytes)) : []) };
  } catch (err) {
    const message = `couldn't get version/kind; json parse error: ${(err as Error).message}`;
    throw new SyntaxError(message, { cause: err });
  }
}

/** Upstream does not say here that it converts YAML. */
function readYaml(bytes: Uint8Array): Read {
  const { value, duplicates } = parseYaml(bytes);
  const bare = (message: string): string => message.replace(/^error converting YAML to JSON: /, "");
  return { value, duplicates: () => duplicates.map(bare) };
}
