/**
 * How rules see a schema: which of it is exposed, what type it has in CEL, and how large values can get, from which rules are
 * estimated. Upstream calls these DeclTypes.
 *
 * Made once for each schema, and kept beside it. What says nothing of its type, and lists and maps of such, are not exposed.
 */

import type { TypeProvider } from "@knarr/cel/library.ts";
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  STRING,
  struct,
  TIMESTAMP,
  type CelType,
} from "@knarr/cel/types.ts";
import type { Range, SizeEstimator } from "@knarr/cel/estimate.ts";
import { escapeName, RESERVED } from "./escape.ts";
import { MAX_REQUEST_BYTES } from "./limits.ts";
import { withMetadata, type RuleSchema } from "./rule-schema.ts";

export interface RuleType {
  /** Of a list or map; undefined for others. */
  readonly element: RuleType | undefined;
  /** Of an object with fields, by their escaped names (`__dash__`); what is not exposed is not there. */
  readonly fields: ReadonlyMap<string, RuleType> | undefined;
  /** Characters, elements or entries at most. */
  readonly maxElements: number;
  /** Bytes that a value takes in JSON at least. */
  readonly minSerializedSize: number;
  readonly kind: "list" | "map" | "object" | "scalar";
  /** Of a scalar; what others are is made of their elements, or of the name that they get. */
  readonly scalar?: CelType;
}

const scalar = (type: CelType, minSerializedSize: number, maxElements = 0): RuleType => ({
  kind: "scalar",
  scalar: type,
  element: undefined,
  fields: undefined,
  maxElements,
  minSerializedSize,
});

const LONGEST_TEXT = MAX_REQUEST_BYTES - 2;
const BOOLEAN = scalar(BOOL, 4);
const NUMBER = scalar(DOUBLE, 1);
const INTEGER = scalar(INT, 1);

const known = new WeakMap<RuleSchema, { root?: RuleType | undefined; inner?: RuleType | undefined }>();

/** Undefined when the schema is not exposed. */
export function ruleTypeOf(
  schema: RuleSchema,
  { isResourceRoot = false }: { readonly isResourceRoot?: boolean } = {},
): RuleType | undefined {
  const types = known.getOrInsertComputed(schema, () => ({}));
  const place = isResourceRoot ? "root" : "inner";
  if (!(place in types)) types[place] = made(schema, isResourceRoot ? withMetadata(schema) : schema);
  return types[place];
}

const inner = (schema: RuleSchema): RuleType | undefined =>
  ruleTypeOf(schema, { isResourceRoot: schema["x-kubernetes-embedded-resource"] === true });

function made(original: RuleSchema, schema: RuleSchema): RuleType | undefined {
  if (original["x-kubernetes-int-or-string"]) {
    return scalar(DYN, 1, original.maxLength === undefined ? LONGEST_TEXT : longest(original.maxLength));
  }
  switch (schema.type) {
    case "array":
      return listType(schema);
    case "object":
      return objectType(schema);
    case "string":
      return textType(schema);
    case "boolean":
      return BOOLEAN;
    case "number":
      return NUMBER;
    case "integer":
      return INTEGER;
    default:
      return undefined;
  }
}

/** A character may take four bytes. */
const longest = (maxLength: number): number => Math.max(0, maxLength) * 4;

function listType({ items, maxItems }: RuleSchema): RuleType | undefined {
  const element = items && !Array.isArray(items) ? inner(items as RuleSchema) : undefined;
  if (!element) return undefined;
  // Each takes a comma.
  const fits = Math.trunc((MAX_REQUEST_BYTES - 2) / (element.minSerializedSize + 1));
  const maxElements = maxItems === undefined ? fits : Math.max(0, maxItems);
  return { kind: "list", element, fields: undefined, maxElements, minSerializedSize: 2 };
}

function objectType(schema: RuleSchema): RuleType | undefined {
  const { additionalProperties, maxProperties } = schema;
  if (typeof additionalProperties === "object") {
    const element = inner(additionalProperties);
    if (!element) return undefined;
    // A key of two bytes, quotes, colon and comma.
    const fits = Math.trunc((MAX_REQUEST_BYTES - 2) / (element.minSerializedSize + 6));
    const maxElements = maxProperties === undefined ? fits : Math.max(0, maxProperties);
    return { kind: "map", element, fields: undefined, maxElements, minSerializedSize: 2 };
  }
  const fields = new Map<string, RuleType>();
  let minSerializedSize = 2;
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const type = inner(property);
    if (!type) continue;
    const escaped = escapeName(name);
    if (escaped !== undefined) fields.set(escaped, type);
    // What has a default need not be sent.
    const isSent = schema.required?.includes(name) && (property.default ?? undefined) === undefined;
    if (isSent) minSerializedSize += Buffer.byteLength(name) + type.minSerializedSize + 4;
  }
  return { kind: "object", element: undefined, fields, maxElements: 0, minSerializedSize };
}

function textType({ format, maxLength, enum: values = [] }: RuleSchema): RuleType {
  switch (format) {
    case "byte":
      return scalar(BYTES, 2, maxLength === undefined ? LONGEST_TEXT : Math.max(0, maxLength));
    case "duration":
      return scalar(DURATION, 3, 32);
    case "date":
      return scalar(TIMESTAMP, 12, 12);
    case "date-time":
      return scalar(TIMESTAMP, 21, 32);
  }
  if (maxLength !== undefined) return scalar(STRING, 2, longest(maxLength));
  if (values.length === 0) return scalar(STRING, 2, LONGEST_TEXT);
  const lengths = values.map((value) => (typeof value === "string" ? Buffer.byteLength(value) : 0));
  return scalar(STRING, 2, Math.max(...lengths));
}

/** How many values of a type fit into the largest request: how often its rules may run under an unbounded list or map. */
export function maxCardinality({ minSerializedSize }: RuleType): bigint {
  return BigInt(Math.trunc(MAX_REQUEST_BYTES / (minSerializedSize + 1)));
}

/** Types with fields, under names that say where they stand: `selfType.spec`, `selfType.list.@idx`. */
export class RuleTypes implements TypeProvider {
  /** Of the whole. */
  readonly type: CelType;
  readonly #byName = new Map<string, RuleType>();

  constructor(root: RuleType, name: string) {
    this.type = this.#named(root, name);
  }

  find(name: string): CelType | undefined {
    return this.#byName.has(name) ? struct(name) : undefined;
  }

  /** Words of the language may stand for themselves: `self.namespace`. */
  field(type: string, field: string): CelType | undefined {
    const fields = this.#byName.get(type)?.fields;
    const found = fields?.get(field) ?? (RESERVED.has(field) ? fields?.get(`__${field}__`) : undefined);
    return found && this.#named(found, `${type}.${field}`);
  }

  #named({ kind, scalar: type, element, ...rest }: RuleType, name: string): CelType {
    switch (kind) {
      case "scalar":
        return type!;
      case "list":
        return listOf(this.#named(element!, `${name}.@idx`));
      case "map":
        return mapOf(STRING, this.#named(element!, `${name}.@elem`));
      case "object":
        this.#byName.set(name, { kind, element, ...rest });
        return struct(name);
    }
  }
}

/** Sizes of what a path from the root leads to. The name of the variable is not looked at, as upstream does not. */
export function sizesOf(root: RuleType): SizeEstimator {
  return {
    size({ path = [] }): Range | undefined {
      if (path.length === 0) return undefined;
      let type: RuleType | undefined = root;
      for (const step of path.slice(1)) {
        if (step === "@keys") type = type.kind === "map" ? KEY : undefined;
        else if (step === "@items" || step === "@values") type = type.element;
        else type = type.fields?.get(step);
        if (!type) return undefined;
      }
      return { min: 0n, max: BigInt(type.maxElements) };
    },
  };
}

const KEY = scalar(STRING, 2);
