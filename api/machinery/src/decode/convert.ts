/**
 * From JSON to the object that upstream's decoder would make of it, and would write back:
 *
 * - fields that the schema does not have are dropped (`strictFindings` says which), as are nulls;
 * - quantities, times and durations get their canonical form; base64 and numbers are checked;
 * - what Go leaves out when empty is left out, what it always writes is there (`resources: {}`, `name: ""`);
 * - fields stand in Go's order.
 *
 * The result is a new object; what the schema leaves open (managed fields, raw extensions) is shared with the input.
 */

import type { Schema } from "@knarr/schema/schema.ts";
import { canonicalQuantity } from "../quantity.ts";
import { canonicalMicroTime, canonicalTime, formatDuration, parseDuration } from "../time.ts";
import { NumberText } from "./json.ts";
import { type FieldPlan, type Plan, planOf } from "./plan.ts";

export interface Converted {
  readonly object: { [key: string]: unknown };
  /** Some field was not in the schema; `strictFindings` says which. */
  readonly hasUnknown: boolean;
  /** Lists or maps were there and empty, and were kept. */
  readonly hasEmpties: boolean;
}

export interface ConvertOptions {
  /** `value` comes from `parseJson` with number texts in it. */
  readonly hasNumberTexts?: boolean;
  /** `value` was no text before (a strategic merge): what is wrong with it is then worded, and numbers are cut, by other rules. */
  readonly fromValues?: boolean | undefined;
  /** Lists and maps that are there and empty stay: see empties.ts. Otherwise they count as absent. */
  readonly keepsEmpties?: boolean | undefined;
}

/** Throws TypeError or SyntaxError, worded as Go's decoder words it, for the first value of a wrong type. */
export function convert(value: unknown, schema: Schema, options: ConvertOptions = {}): Converted {
  const conversion = new Conversion(options);
  const plan = planOf(schema);
  const object = conversion.convert(value, plan);
  if (conversion.problem) throw conversion.problem;
  const { hasUnknown, hasEmpties } = conversion;
  return { object: (object ?? zero(plan)) as Converted["object"], hasUnknown, hasEmpties };
}

/** An object of `schema` that nobody set anything in: what upstream writes for an empty struct. */
export function zeroObject(schema: Schema): { [key: string]: unknown } {
  return zero(planOf(schema)) as { [key: string]: unknown };
}

function zero(plan: Plan): unknown {
  if (plan.kind !== "struct") return zeroOfLeaf(plan);
  const object: Record<string, unknown> = {};
  for (const field of plan.fields) {
    if (field.fill !== "nothing") object[field.name] = filled(field);
  }
  return object;
}

function filled(field: FieldPlan): unknown {
  return field.fill === "struct" ? zero(field.plan) : field.fill;
}

/** What null is in a list or as a map's value. */
function zeroOfLeaf({ kind }: Plan): unknown {
  switch (kind) {
    case "string":
    case "byte":
      return "";
    case "boolean":
      return false;
    case "int32":
    case "int64":
    case "double":
    case "int-or-string":
      return 0;
    case "quantity":
      return "0";
    case "duration":
      return "0s";
    default:
      return null;
  }
}

/** Where the conversion stands: only errors ask for it. */
interface Place {
  readonly struct: string;
  readonly path: string;
}

class Conversion {
  hasUnknown = false;
  hasEmpties = false;
  problem: Error | undefined;
  readonly #hasNumberTexts: boolean;
  readonly #fromValues: boolean;
  readonly #keepsEmpties: boolean;
  /** Innermost struct and the fields that led there, as Go's errors name places. */
  readonly #structs: string[] = [];
  readonly #path: string[] = [];

  constructor({ hasNumberTexts = false, fromValues = false, keepsEmpties = false }: ConvertOptions) {
    this.#keepsEmpties = keepsEmpties;
    this.#hasNumberTexts = hasNumberTexts;
    this.#fromValues = fromValues;
  }

  /** Undefined when `value` is of the wrong type: the field counts as absent, the first problem is kept. */
  convert(value: unknown, plan: Plan): unknown {
    switch (plan.kind) {
      case "struct":
        return this.#struct(value, plan);
      case "map":
        return this.#map(value, plan);
      case "list":
        return this.#list(value, plan);
      case "string":
        return typeof value === "string" ? value : this.#mismatch(value, plan);
      case "boolean":
        return typeof value === "boolean" ? value : this.#mismatch(value, plan);
      case "int32":
        if (typeof value === "number" && value === (value | 0)) return value;
        return this.#fromValues && Number.isInteger(value) ? Number(value) | 0 : this.#mismatch(value, plan);
      case "int64":
        return int64(value) ?? this.#mismatch(value, plan);
      case "double":
        return value instanceof NumberText
          ? value.value
          : typeof value === "number"
            ? value
            : this.#mismatch(value, plan);
      case "byte":
        return this.#bytes(value, plan);
      case "quantity":
        return canonicalQuantity(quantityText(value));
      case "date-time":
        return canonicalTime(this.#text(value));
      case "micro-time":
        return canonicalMicroTime(this.#text(value));
      case "duration":
        return formatDuration(parseDuration(this.#text(value)));
      case "int-or-string":
        if (typeof value === "string" || (typeof value === "number" && value === (value | 0))) return value;
        throw this.#wrongType(value, "int32");
      case "schema-or":
        return this.#schemaOr(value, plan);
      case "any":
        return this.#hasNumberTexts ? plain(value) : value;
    }
  }

  #struct(value: unknown, plan: Plan): unknown {
    if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof NumberText)
      return this.#mismatch(value, plan);
    const input = value as Record<string, unknown>;
    const output: Record<string, unknown> = {};
    let known = 0;
    this.#structs.push(plan.schema.name ?? "");
    for (const field of plan.fields) {
      const { name, fill } = field;
      const given = input[name];
      if (given !== undefined) known++;
      const converted = given === undefined || given === null ? undefined : this.#field(given, field);
      if (converted !== undefined) output[name] = converted;
      else if (fill !== "nothing") output[name] = filled(field);
    }
    this.#structs.pop();
    for (const _key in input) known--;
    if (known < 0) this.hasUnknown = true;
    return output;
  }

  /** The field's value, or undefined when it is empty in a way that is not written. */
  #field(given: unknown, { name, plan, presence }: FieldPlan): unknown {
    this.#path.push(name);
    const value = this.convert(given, plan);
    this.#path.pop();
    if (typeof value === "object" && value !== null) {
      if ((plan.kind === "list" || plan.kind === "map") && isEmpty(value)) {
        if (!this.#keepsEmpties) return undefined;
        this.hasEmpties = true;
      }
      return presence === "o" && isEmpty(value) ? undefined : value;
    }
    if (presence === "e" && (value === "" || value === 0 || value === false)) return undefined;
    if (value === ZERO_TIME && (plan.kind === "date-time" || plan.kind === "micro-time")) return undefined;
    return value;
  }

  #map(value: unknown, plan: Plan): unknown {
    if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof NumberText)
      return this.#mismatch(value, plan);
    const output: Record<string, unknown> = {};
    const { inner } = plan;
    for (const [key, given] of Object.entries(value)) {
      const converted = given === null ? zero(inner) : this.convert(given, inner);
      if (key === "__proto__")
        Object.defineProperty(output, key, { value: converted, enumerable: true, writable: true });
      else output[key] = converted;
    }
    return output;
  }

  #list(value: unknown, plan: Plan): unknown {
    if (!Array.isArray(value)) return this.#mismatch(value, plan);
    const { inner } = plan;
    return value.map((item) => (item === null ? zero(inner) : this.convert(item, inner)));
  }

  /** Base64 as Go reads it: padded, line breaks allowed. */
  #bytes(value: unknown, plan: Plan): unknown {
    if (typeof value !== "string") return this.#mismatch(value, plan);
    if (BASE64.test(value)) return value;
    const text = value.replace(/[\r\n]/g, "");
    if (BASE64.test(text)) return text;
    this.problem ??= new SyntaxError(`illegal base64 data at input byte ${badBase64At(value)}`);
    return undefined;
  }

  /** A JSON schema, or what may stand in its place: a list of them, a list of texts, a boolean. */
  #schemaOr(value: unknown, plan: Plan): unknown {
    const { inner, schema } = plan;
    if (Array.isArray(value)) {
      if (schema.format === "json-schema-or-array") return value.map((item) => this.convert(item, inner));
      if (schema.format === "json-schema-or-string-array")
        return value.map((item) => (typeof item === "string" ? item : this.#mismatch(item, STRINGS)));
    } else if (typeof value === "object") return this.convert(value, inner);
    else if (typeof value === "boolean" && schema.format === "json-schema-or-bool") return value;
    const wanted = schema.format === "json-schema-or-bool" ? "boolean or JSON schema expected" : undefined;
    if (wanted) throw new TypeError(wanted);
    return this.#mismatch(value, inner);
  }

  #text(value: unknown): string {
    if (typeof value === "string") return value;
    throw this.#wrongType(value, "string");
  }

  /** The field counts as absent; the first mismatch of all is what the sender hears of. */
  #mismatch(value: unknown, plan: Plan): undefined {
    this.problem ??= this.#fromValues
      ? new TypeError(valueProblem(value, plan))
      : this.#wrongType(value, plan.goType);
    return undefined;
  }

  /** Types that Go decodes by themselves end the decoding at once: they throw this. */
  #wrongType(value: unknown, goType: string): TypeError {
    const path = this.#fromValues ? "" : this.#path.join(".");
    const place: Place = { struct: this.#structs.at(-1) ?? "", path };
    return new TypeError(typeProblem(value, goType, place));
  }
}

const STRINGS = planOf({ type: "string" });
const ZERO_TIME = "0001-01-01T00:00:00Z";
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Where Go's decoder stops: at the odd character, at missing or early padding, at the group that does not end. */
function badBase64At(text: string): number {
  let inGroup = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === "\n" || character === "\r") continue;
    if (/[A-Za-z0-9+/]/.test(character)) {
      inGroup = (inGroup + 1) % 4;
      continue;
    }
    if (character !== "=" || inGroup < 2) return at;
    const rest = text.slice(at + 1);
    if (inGroup === 3) return at + 1; // the padding ends the text, but the text goes on
    if (rest === "") return text.length;
    return rest[0] === "=" ? at + 2 : at;
  }
  return text.length - inGroup;
}

function isEmpty(value: object): boolean {
  for (const _key in value) return false;
  return true;
}

/** `json: cannot unmarshal string into Go struct field ObjectMeta.metadata.labels of type map[string]string` */
function typeProblem(value: unknown, goType: string, { struct, path }: Place): string {
  const into = path
    ? `Go struct field ${struct.slice(struct.lastIndexOf(".") + 1)}.${path} of type ${goType}`
    : `Go value of type ${goType}`;
  return `json: cannot unmarshal ${describe(value, goType)} into ${into}`;
}

/** What upstream's converter says, which has no text before it: it names no place. */
function valueProblem(value: unknown, { kind, goType }: Plan): string {
  if (kind === "struct") return `cannot restore struct from: ${goKind(value)}`;
  if (kind === "map") return `cannot restore map from ${goKind(value)}`;
  if (kind === "list" || kind === "byte") return `cannot restore slice from ${goKind(value)}`;
  const from = goKind(value);
  // Go turns whole numbers into text (as characters) and cuts fractions off, which JSON does not
  const isGoConversion = kind === "string" ? from === "int64" : from === "float64" && /^int/.test(kind);
  if (isGoConversion) return `cannot convert ${from} to ${goType}`;
  return `unrecognized type: ${GO_KINDS[kind] ?? kind}`;
}
const GO_KINDS: Readonly<Record<string, string>> = { boolean: "bool", double: "float64" };

function goKind(value: unknown): string {
  if (Array.isArray(value)) return "slice";
  if (typeof value === "object") return "map";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  return typeof value === "boolean" ? "bool" : typeof value;
}

function describe(value: unknown, goType: string): string {
  if (Array.isArray(value)) return "array";
  if (value instanceof NumberText || typeof value === "number") {
    return /^int\d\d$/.test(goType) ? `number ${value instanceof NumberText ? value.text : value}` : "number";
  }
  return typeof value === "boolean" ? "bool" : typeof value;
}

/** JavaScript rounds the last few below 2⁶³ up to it, which no reader in Go would take back. */
function int64(value: unknown): number | undefined {
  if (!Number.isInteger(value)) return undefined;
  const number = value as number;
  if (number === 2 ** 63) return MAX_INT64;
  return number >= -(2 ** 63) && number < 2 ** 63 ? number : undefined;
}
/** The largest that a double can hold. */
const MAX_INT64 = 9223372036854774784;

function quantityText(value: unknown): string {
  if (typeof value === "string") return value.trim();
  if (value instanceof NumberText) return value.text;
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}

/** Open JSON, with numbers as numbers. */
function plain(value: unknown): unknown {
  if (value instanceof NumberText) return value.value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
