/**
 * Values of custom resources as rules see them: plain JSON, read by its schema where a rule looks. Nothing is copied.
 *
 * Fields are found under their escaped names; null in a field counts as no field; lists know whether they are sets or have
 * keys, and compare and add accordingly. JSON that does not fit its schema is a failure of whoever looks at it.
 */

import { equal } from "@knarr/cel/equality.ts";
import { ArrayList } from "@knarr/cel/lists.ts";
import { parseDuration, parseTimestamp } from "@knarr/cel/time.ts";
import {
  Double,
  Duration,
  Failure,
  ListValue,
  MapValue,
  smallInt,
  Timestamp,
  Uint,
  type CelValue,
  type Outcome,
} from "@knarr/cel/values.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import { escapeName, unescapeName } from "./escape.ts";
import { withMetadata, type RuleSchema } from "./rule-schema.ts";

export function ruleValue(raw: unknown, schema: RuleSchema): Outcome {
  if (raw === null || raw === undefined) {
    return schema.nullable ? null : new Failure("invalid data, got null for schema with nullable=false");
  }
  if (schema["x-kubernetes-int-or-string"]) return intOrString(raw);
  switch (schema.type) {
    case "object":
      return typeof raw === "object" && !Array.isArray(raw)
        ? new RuleMap(raw as Raw, schema["x-kubernetes-embedded-resource"] ? withMetadata(schema) : schema)
        : new Failure("invalid data, expected a map for the provided schema with type=object");
    case "array":
      return Array.isArray(raw)
        ? listValue(raw, schema)
        : new Failure("invalid data, expected an array for the provided schema with type=array");
    case "string":
      return typeof raw === "string"
        ? textValue(raw, schema.format)
        : new Failure(`invalid data, expected string, got ${goType(raw)}`);
    case "number":
      return typeof raw === "number"
        ? new Double(raw)
        : new Failure(`invalid data, expected float, got ${goType(raw)}`);
    case "integer":
      return integer(raw) ?? new Failure(`invalid data, expected int, got ${goType(raw)}`);
    case "boolean":
      return typeof raw === "boolean" ? raw : new Failure(`invalid data, expected bool, got ${goType(raw)}`);
  }
  if (schema["x-kubernetes-preserve-unknown-fields"]) return new UnknownMap(raw);
  return new Failure(
    "invalid type, expected object, array, number, integer, boolean or string, or no type with " +
      `x-kubernetes-int-or-string or x-kubernetes-preserve-unknown-fields is true, got ${schema.type ?? ""}`,
  );
}

type Raw = Readonly<Record<string, unknown>>;

function integer(raw: unknown): number | bigint | undefined {
  if (typeof raw === "number" && Number.isInteger(raw)) {
    return Number.isSafeInteger(raw) ? raw + 0 : smallInt(BigInt(raw));
  }
  return typeof raw === "bigint" ? smallInt(raw) : undefined;
}

function intOrString(raw: unknown): Outcome {
  if (typeof raw === "string") return raw;
  return (
    integer(raw) ?? new Failure("invalid data, expected XIntOrString value to be either a string or integer")
  );
}

function goType(raw: unknown): string {
  if (Array.isArray(raw)) return "[]interface {}";
  switch (typeof raw) {
    case "number":
      return Number.isInteger(raw) ? "int64" : "float64";
    case "boolean":
      return "bool";
    case "string":
      return "string";
    default:
      return "map[string]interface {}";
  }
}

function textValue(text: string, format: string | undefined): Outcome {
  switch (format) {
    case "duration":
      return duration(text) ?? new Failure(`Invalid duration ${text}: unable to parse ${text} as duration`);
    case "date":
      return /^\d{4}-\d\d-\d\d$/.test(text)
        ? (parseTimestamp(`${text}T00:00:00Z`) ?? badDate(text, "date"))
        : badDate(text, "date");
    case "date-time":
      if (text === "") return new Timestamp(0, 0);
      return parseTimestamp(text) ?? parseTimestamp(`${text}Z`) ?? badDate(text, "date-time");
    case "byte":
      return bytes(text);
    default:
      return text;
  }
}

const badDate = (text: string, format: string): Failure =>
  new Failure(`Invalid ${format} formatted string ${text}: parsing time "${text}": cannot parse`);

const UNITS: readonly (readonly [pattern: RegExp, nanos: bigint])[] = [
  [/^ns$|^nano/, 1n],
  [/^us$|^µs$|^micro/, 1000n],
  [/^ms$|^milli/, 1_000_000n],
  [/^s$|^sec/, 1_000_000_000n],
  [/^m$|^min/, 60_000_000_000n],
  [/^h$|^hr$|^hour/, 3_600_000_000_000n],
  [/^d$|^day/, 86_400_000_000_000n],
  [/^w$|^wk$|^week/, 604_800_000_000_000n],
];

/** As Go writes them, or in words: `1 day 2 hours`. */
function duration(text: string): Duration | undefined {
  const plain = parseDuration(text);
  if (plain) return plain;
  let found = false;
  let nanos = 0n;
  for (const [, count, unit] of text.matchAll(/(\d+)\s*([A-Za-zµ]+)/g)) {
    for (const [pattern, size] of UNITS) {
      if (!pattern.test(unit!.toLowerCase())) continue;
      found = true;
      nanos += BigInt(count!) * size;
    }
  }
  return found ? new Duration(BigInt.asIntN(64, nanos)) : undefined;
}

function bytes(text: string): Outcome {
  const clean = text.replace(/[\r\n]/g, "");
  const isBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(clean);
  if (isBase64) return new Uint8Array(Buffer.from(clean, "base64"));
  return new Failure(`Invalid byte formatted string ${text}: illegal base64 data`);
}

/** An object, or a map from texts. */
export class RuleMap extends MapValue {
  readonly raw: Raw;
  readonly #schema: RuleSchema;
  readonly #properties: Readonly<Record<string, RuleSchema>> | undefined;

  constructor(raw: Raw, schema: RuleSchema) {
    super();
    this.raw = raw;
    this.#schema = schema;
    const { properties } = schema;
    this.#properties = properties && Object.keys(properties).length > 0 ? properties : undefined;
  }

  get size(): number {
    return Object.keys(this.raw).length;
  }

  find(key: CelValue): Outcome | undefined {
    if (typeof key !== "string") return new Failure("no such overload");
    const name = this.#properties ? unescapeName(key) : key;
    return name === undefined ? undefined : this.#at(name);
  }

  *keys(): Iterable<CelValue> {
    for (const name of Object.keys(this.raw)) {
      if (this.#schemaOf(name)) yield this.#properties ? (escapeName(name) ?? name) : name;
    }
  }

  /** What the schema does not know is compared as it is, if both have it. */
  override equals(other: CelValue): boolean | Failure {
    if (!(other instanceof MapValue)) return new Failure("no such overload");
    if (this.size !== other.size) return false;
    for (const [name, raw] of Object.entries(this.raw)) {
      if (!this.#schemaOf(name)) {
        if (!(other instanceof RuleMap)) return new Failure("no such overload");
        if (Object.hasOwn(other.raw, name) && !semanticEqual(raw, other.raw[name])) return false;
        continue;
      }
      const [mine, its] = [this.find(name), other.find(name)];
      if ((mine === undefined) !== (its === undefined)) return false;
      if (mine === undefined) continue;
      const same = equal(mine, its!);
      if (same !== true) return same;
    }
    return true;
  }

  #at(name: string): Outcome | undefined {
    if (!Object.hasOwn(this.raw, name)) return undefined;
    const raw = this.raw[name];
    if (raw === undefined || (raw === null && this.#properties)) return undefined;
    const schema = this.#schemaOf(name);
    return schema && ruleValue(raw, schema);
  }

  #schemaOf(name: string): RuleSchema | undefined {
    if (this.#properties) return Object.hasOwn(this.#properties, name) ? this.#properties[name] : undefined;
    const { additionalProperties } = this.#schema;
    return typeof additionalProperties === "object" ? additionalProperties : undefined;
  }
}

/** Data that nothing is known of: good for comparing only. */
class UnknownMap extends MapValue {
  readonly raw: unknown;
  readonly size = 0;

  constructor(raw: unknown) {
    super();
    this.raw = raw;
  }

  find(): undefined {
    return undefined;
  }

  keys(): Iterable<CelValue> {
    return [];
  }

  override equals(other: CelValue): boolean {
    return semanticEqual(this.raw, rawOf(other));
  }
}

function listValue(raw: readonly unknown[], schema: RuleSchema): Outcome {
  const { items } = schema;
  if (!items || Array.isArray(items)) {
    return new Failure("invalid array type, expected Items with a non-empty Schema");
  }
  const of = items as RuleSchema;
  const type = schema["x-kubernetes-list-type"] ?? "";
  switch (type) {
    case "map":
      return new RuleMapList(raw, of, schema["x-kubernetes-list-map-keys"] ?? []);
    case "set":
      return new RuleSet(raw, of);
    case "":
    case "atomic":
      return new RuleList(raw, of);
    default:
      return new Failure(`invalid x-kubernetes-list-type, expected 'map', 'set' or 'atomic' but got ${type}`);
  }
}

export class RuleList extends ListValue {
  readonly raw: readonly unknown[];
  protected readonly items: RuleSchema;

  constructor(raw: readonly unknown[], items: RuleSchema) {
    super();
    this.raw = raw;
    this.items = items;
  }

  get size(): number {
    return this.raw.length;
  }

  at(index: number): Outcome {
    return ruleValue(this.raw[index], this.items);
  }

  /** Elements that cannot be compared are an error here. */
  override equals(other: CelValue): boolean | Failure {
    if (!(other instanceof ListValue)) return new Failure("no such overload");
    if (this.size !== other.size) return false;
    for (let index = 0; index < this.size; index++) {
      const same = equal(this.at(index), other.at(index));
      if (same !== true) return same;
    }
    return true;
  }

  override includes(value: CelValue): boolean | Failure {
    let failure: Failure | undefined;
    for (let index = 0; index < this.size; index++) {
      const same = equal(this.at(index), value);
      if (same === true) return true;
      if (same instanceof Failure) failure ??= same;
    }
    return failure ?? false;
  }

  override plus(other: ListValue): Outcome {
    if (other.size === 0) return this;
    return new ArrayList([...this, ...other] as CelValue[]);
  }
}

/** Order does not count, and nothing is there twice. Elements are scalars. */
class RuleSet extends RuleList {
  #known: ReadonlySet<unknown> | undefined;

  override equals(other: CelValue): boolean | Failure {
    if (!(other instanceof ListValue)) return new Failure("no such overload");
    if (this.size !== other.size) return false;
    for (const value of other) if (!this.#all.has(rawOf(value))) return false;
    return true;
  }

  /** Those of the other that are not there yet come after. */
  override plus(other: ListValue): Outcome {
    const known = new Set(this.#all);
    const raw = [...this.raw];
    for (const value of other) {
      const element = rawOf(value);
      if (known.has(element)) continue;
      known.add(element);
      raw.push(element);
    }
    return new RuleSet(raw, this.items);
  }

  get #all(): ReadonlySet<unknown> {
    return (this.#known ??= new Set(this.raw));
  }
}

/** Order does not count: elements are told apart by their keys. */
class RuleMapList extends RuleList {
  readonly #keys: readonly string[];
  #known: ReadonlyMap<string, unknown> | undefined;

  constructor(raw: readonly unknown[], items: RuleSchema, keys: readonly string[]) {
    super(raw, items);
    this.#keys = keys;
  }

  override equals(other: CelValue): boolean | Failure {
    if (!(other instanceof ListValue)) return new Failure("no such overload");
    if (this.size !== other.size) return false;
    this.#known ??= new Map(this.raw.map((element) => [this.#keyOf(element), element]));
    for (const value of other) {
      const key = this.#keyOf(rawOf(value));
      if (!this.#known.has(key)) return false;
      const same = equal(ruleValue(this.#known.get(key), this.items), value);
      if (same !== true) return same;
    }
    return true;
  }

  /** Elements of the other take the places of those with their keys; new ones come after. */
  override plus(other: ListValue): Outcome {
    const raw = [...this.raw];
    const places = new Map(raw.map((element, index) => [this.#keyOf(element), index]));
    for (const value of other) {
      const element = rawOf(value);
      const place = places.get(this.#keyOf(element));
      if (place === undefined) raw.push(element);
      else raw[place] = element;
    }
    return new RuleMapList(raw, this.items, this.#keys);
  }

  #keyOf(element: unknown): string {
    const object = typeof element === "object" && element !== null ? (element as Raw) : {};
    // Upstream looks keys up by their escaped names, and so finds none for those that need escaping.
    return JSON.stringify(this.#keys.map((key) => object[escapeName(key) ?? key] ?? null));
  }
}

/** The JSON that stands behind a value. */
function rawOf(value: Outcome): unknown {
  if (value instanceof RuleMap || value instanceof RuleList || value instanceof UnknownMap) return value.raw;
  if (value instanceof Double || value instanceof Uint) return value.value;
  if (value instanceof ListValue) return [...value].map(rawOf);
  if (!(value instanceof MapValue)) return value;
  return Object.fromEntries([...value.keys()].map((key) => [String(key), rawOf(value.find(key)!)]));
}
