/**
 * Request bodies to objects: JSON, YAML and Kubernetes' protobuf, typed by the schema of the kind that the request is
 * for. What comes back is the object as upstream would hold it (see convert.ts), with `apiVersion` and `kind` filled in.
 *
 * Everything wrong with a body is an ApiError 400 in upstream's words, except what `fieldValidation` makes a warning.
 */

import { hasMessage } from "@knarr/schema/messages.ts";
import { definitionOfKind } from "@knarr/schema/resources.ts";
import type { Schema } from "@knarr/schema/schema.ts";
import { groupVersion } from "../object.ts";
import { quote } from "../quote.ts";
import { badRequest, unsupportedMediaType } from "../status.ts";
import { convert, type Converted, type ConvertOptions } from "./convert.ts";
import { decodeCustomBody, decodeCustomValue, type CustomDecoding } from "./custom.ts";
import { markEmpties } from "./empties.ts";
import { bodyTypes, JSON_TYPE, mediaTypeOf, PROTOBUF_TYPE, YAML_TYPE } from "./media-types.ts";
import { parseJson, parsePairs } from "./json.ts";
import { unhandled, unrecognized, warningsOf } from "./problems.ts";
import { decodeMessage, openEnvelope } from "./protobuf.ts";
import { strictFindings } from "./strict.ts";
import { kindIn, typeMeta, type GroupVersionKind } from "./type-meta.ts";
import { parseYaml } from "./yaml.ts";

/** Bodies above this are refused before they are read: the caller's duty. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024;

export type FieldValidation = "Strict" | "Warn" | "Ignore";

/** The kind that the request is for. */
export interface ExpectedKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly schema: Schema;
  /** Every group and version has this kind (DeleteOptions), and each is as good as another. */
  readonly anyVersion?: boolean;
  /** For custom resources, which are not converted to their schema: what is done instead. */
  readonly custom?: CustomDecoding;
}

export interface Decoded {
  readonly object: { [key: string]: unknown };
  /** Texts for `Warning:` headers. */
  readonly warnings: readonly string[];
}

export interface DecodeOptions {
  /** The Content-Type header, with or without parameters; none means JSON. */
  readonly mediaType?: string | undefined;
  /** Default: Warn, as upstream's. */
  readonly fieldValidation?: FieldValidation;
  /** The caller takes empty lists and maps out itself, with `withoutEmpties`. */
  readonly keepsEmpties?: boolean;
}

export function decodeBody(bytes: Uint8Array, expected: ExpectedKind, options: DecodeOptions = {}): Decoded {
  if (expected.custom) return decodeCustomBody(bytes, expected, expected.custom, options);
  const read = readers[mediaTypeOf(options.mediaType)];
  if (!read) throw unsupportedMediaType(bodyTypes);
  const { fieldValidation = "Warn" } = options;
  let body: Body;
  let actual: GroupVersionKind;
  try {
    body = read(bytes, expected);
    actual = kindIn(body, expected);
  } catch (err) {
    throw unrecognized(bytes, expected, err);
  }
  try {
    checkKind(actual, expected);
    const { hasNumberTexts } = body;
    const { keepsEmpties } = options;
    const converted = convert(body.value() ?? {}, expected.schema, { hasNumberTexts, keepsEmpties });
    const { hasUnknown } = converted;
    const findings =
      fieldValidation !== "Ignore" && (hasUnknown || body.hasDuplicates)
        ? body.findings(expected.schema)
        : [];
    if (findings.length > 0 && fieldValidation === "Strict")
      throw new SyntaxError(`strict decoding error: ${findings.join(", ")}`);
    return { object: named(converted, actual), warnings: findings.flatMap(warningsOf) };
  } catch (err) {
    throw unhandled(actual, expected, err);
  }
}

export interface ValueOptions extends Pick<ConvertOptions, "fromValues" | "keepsEmpties"> {
  /** Keys that stood twice in the text that the value comes of: found already, and to be judged with what is unknown. */
  readonly duplicates?: readonly string[];
}

/** A value that is JSON already (a patched object, what a client in this process sends), typed as a body would be. */
export function decodeValue(
  value: unknown,
  expected: ExpectedKind,
  fieldValidation: FieldValidation = "Warn",
  options: ValueOptions = {},
): Decoded {
  const { duplicates = [] } = options;
  if (expected.custom)
    return decodeCustomValue(value, expected, expected.custom, { fieldValidation, duplicates });
  let actual: GroupVersionKind = expected;
  try {
    actual = kindOf(value, expected);
    checkKind(actual, expected);
    const converted = convert(value, expected.schema, options);
    const { hasUnknown } = converted;
    const findings = [
      ...duplicates,
      ...(hasUnknown && fieldValidation !== "Ignore" ? strictFindings(value, expected.schema) : []),
    ];
    if (findings.length > 0 && fieldValidation === "Strict")
      throw new SyntaxError(`strict decoding error: ${findings.join(", ")}`);
    return { object: named(converted, actual), warnings: findings };
  } catch (err) {
    throw unhandled(actual, expected, err);
  }
}

interface Body {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
  readonly hasDuplicates: boolean;
  readonly hasNumberTexts: boolean;
  value(): unknown;
  /** Unknown and duplicate fields, in the order of the text. */
  findings(schema: Schema): string[];
}

const readers: Readonly<Record<string, (bytes: Uint8Array, expected: ExpectedKind) => Body>> = {
  [JSON_TYPE]: readJson,
  [YAML_TYPE]: readYaml,
  [PROTOBUF_TYPE]: readProtobuf,
};

function readJson(bytes: Uint8Array): Body {
  try {
    const { value, ...facts } = parseJson(bytes, { numberTexts: true });
    return {
      ...typeMeta(value),
      ...facts,
      value: () => value,
      findings: (schema) => strictFindings(parsePairs(bytes), schema),
    };
  } catch (err) {
    throw new SyntaxError(`couldn't get version/kind; json parse error: ${(err as Error).message}`, {
      cause: err,
    });
  }
}

function readYaml(bytes: Uint8Array): Body {
  const { value, duplicates } = parseYaml(bytes);
  return {
    ...typeMeta(value),
    hasDuplicates: duplicates.length > 0,
    hasNumberTexts: false,
    value: () => value,
    findings: (schema) => [...duplicates, ...strictFindings(value, schema)],
  };
}

function readProtobuf(bytes: Uint8Array, { schema }: ExpectedKind): Body {
  const { apiVersion, kind, raw } = openEnvelope(bytes);
  const value = () => {
    if (!schema.name || !hasMessage(schema.name))
      throw new SyntaxError(
        "object does not implement the protobuf marshalling interface and cannot be decoded",
      );
    return decodeMessage(raw, schema.name);
  };
  return { apiVersion, kind, hasDuplicates: false, hasNumberTexts: false, value, findings: () => [] };
}

function kindOf(value: unknown, expected: ExpectedKind): GroupVersionKind {
  return kindIn(typeMeta(value), expected);
}

/** Upstream decodes what the body says it is, and then finds that it is not what was wanted. */
function checkKind(actual: GroupVersionKind, expected: ExpectedKind): void {
  if (actual.kind === expected.kind && actual.version === expected.version && actual.group === expected.group)
    return;
  const { group, version, kind } = actual;
  if (expected.anyVersion && kind === expected.kind && definitionOfKind(group, version, kind)) return;
  if (version === "") throw new SyntaxError("Object 'apiVersion' is missing in the body");
  if (!definitionOfKind(group, version, kind))
    throw new SyntaxError(
      `no kind ${quote(kind)} is registered for version ${quote(groupVersion(actual))} in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"`,
    );
  if (kind === expected.kind && group === expected.group)
    throw badRequest(
      `the API version in the data (${groupVersion(actual)}) does not match the expected API version (${groupVersion(expected)})`,
    );
  const target = `${expected.group.split(".")[0] || "core"}.${expected.kind}`;
  throw new SyntaxError(`converting (${version}.${kind}) to (${target}): unknown conversion`);
}

function named({ object, hasEmpties }: Converted, actual: GroupVersionKind): Converted["object"] {
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = object;
  const result = { kind: actual.kind, apiVersion: groupVersion(actual), ...rest };
  if (hasEmpties) markEmpties(result);
  return result;
}
