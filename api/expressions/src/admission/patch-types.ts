/**
 * What mutations are written with: `Object{spec: Object.spec{replicas: 3}}` and `JSONPatch{op: "add", path: "/spec/x"}`.
 *
 * Nothing is known of the objects, so that all fields go and the names of nested types only say again where they stand; that
 * they say it right is looked at when there is a value.
 */

import { equal } from "@knarr/cel/equality.ts";
import { jsonValue } from "@knarr/cel/json.ts";
import type { TypeProvider } from "@knarr/cel/library.ts";
import { JsonList } from "@knarr/cel/lists.ts";
import { JsonMap } from "@knarr/cel/maps.ts";
import { plainJson } from "@knarr/cel/plain.ts";
import { DYN, listOf, STRING, struct, type CelType } from "@knarr/cel/types.ts";
import { typeOf } from "@knarr/cel/type-of.ts";
import {
  Duration,
  Failure,
  ListValue,
  MapValue,
  StructValue,
  Timestamp,
  type CelValue,
  type Outcome,
} from "@knarr/cel/values.ts";
import { quote } from "@knarr/std/quote.ts";

export const CONFIGURATION = struct("Object");
const OPERATION = struct("JSONPatch");
export const OPERATIONS = listOf(OPERATION);

type Fields = ReadonlyMap<string, CelValue>;

const isObject = (name: string): boolean =>
  name === CONFIGURATION.name || name.startsWith(`${CONFIGURATION.name}.`);

export const patchTypes: TypeProvider = {
  find: (name) => (isObject(name) || name === OPERATION.name ? struct(name) : undefined),
  field(type, field) {
    if (isObject(type)) return DYN;
    if (field === "value") return DYN;
    return ["op", "path", "from"].includes(field) ? STRING : undefined;
  },
  make: (type, fields) => (isObject(type) ? new ObjectLiteral(struct(type), fields) : operation(fields)),
};

export class ObjectLiteral extends StructValue {
  readonly type: CelType;
  readonly fields: Fields;

  constructor(type: CelType, fields: Fields) {
    super();
    this.type = type;
    this.fields = fields;
  }

  has(field: string): boolean {
    return this.fields.has(field);
  }

  override field(field: string): Outcome {
    const value = this.fields.get(field) ?? null;
    const plain = value instanceof ObjectLiteral ? plainJson(value) : undefined;
    if (plain === undefined) return value;
    return plain instanceof Failure ? plain : jsonValue(plain);
  }

  override equals(other: CelValue): boolean {
    if (!(other instanceof ObjectLiteral) || other.type.name !== this.type.name) return false;
    if (other.fields.size !== this.fields.size) return false;
    return [...this.fields].every(([name, value]) => {
      const theirs = other.fields.get(name);
      return theirs !== undefined && equal(value, theirs) === true;
    });
  }

  override get isZero(): boolean {
    return this.fields.size === 0;
  }

  override plain(): unknown {
    const result: Record<string, unknown> = {};
    for (const [name, value] of this.fields) {
      const plain = unsuitable(value) ?? plainJson(value);
      if (plain instanceof Failure)
        return new Failure(`fail to convert field ${quote(name)}: ${plain.message}`);
      result[name] = plain;
    }
    return result;
  }

  /** Types of nested literals that are not called after the fields they stand in. */
  get misnamed(): readonly string[] {
    return misnamed(this, this.type.name);
  }
}

/** Literals take no null for what is left out (that is what `?name:` is for), and no spans or moments for texts. */
function unsuitable(value: Outcome): Failure | undefined {
  if (value instanceof JsonList || value instanceof JsonMap) return undefined;
  if (value instanceof ListValue) return [...value].map(unsuitable).find((found) => found);
  if (value instanceof MapValue)
    return [...value.keys()].map((key) => unsuitable(value.find(key)!)).find((found) => found);
  const isBad = value === null || value instanceof Duration || value instanceof Timestamp;
  return isBad ? new Failure(`invalid value of type '${typeOf(value).name}'`) : undefined;
}

function misnamed(value: CelValue, path: string): string[] {
  if (value instanceof ObjectLiteral) {
    const { name } = value.type;
    const here = `unexpected type name ${quote(name)}, expected ${quote(path)}, which matches field name path from root Object type`;
    const below = [...value.fields].flatMap(([field, inner]) => misnamed(inner, `${path}.${field}`));
    return name === path ? below : [here, ...below];
  }
  if (value instanceof ListValue) return [...value].flatMap((element) => misnamedIn(element, path));
  if (!(value instanceof MapValue)) return [];
  return [...value.keys()].flatMap((key) => misnamedIn(value.find(key)!, path));
}

const misnamedIn = (value: Outcome, path: string): string[] =>
  value instanceof Failure ? [] : misnamed(value, path);

/** One step of a JSON Patch. Whether it makes sense is for who applies it. */
export class OperationLiteral extends StructValue {
  readonly type = OPERATION;
  readonly op: string;
  readonly path: string;
  readonly from: string;
  readonly value: CelValue | undefined;

  constructor(fields: Fields) {
    super();
    const text = (name: string): string => (fields.get(name) as string | undefined) ?? "";
    this.op = text("op");
    this.path = text("path");
    this.from = text("from");
    this.value = fields.get("value");
  }

  has(field: string): boolean | Failure {
    if (field === "value") return this.value !== undefined;
    return TEXTS.has(field) ? this[field as Text] !== "" : new Failure(`unsupported field: ${field}`);
  }

  override field(field: string): Outcome {
    if (field === "value") return this.value ?? null;
    return TEXTS.has(field) ? this[field as Text] : new Failure(`unsupported indexer: ${field}`);
  }

  override equals(other: CelValue): boolean | Failure {
    if (!(other instanceof OperationLiteral)) return false;
    if (this.op !== other.op || this.from !== other.from || this.path !== other.path) return false;
    if (this.value === undefined || other.value === undefined) return this.value === other.value;
    return equal(this.value, other.value);
  }
}

type Text = "op" | "path" | "from";
const TEXTS: ReadonlySet<string> = new Set<Text>(["op", "path", "from"]);

function operation(fields: Fields): Outcome {
  for (const [name, value] of fields) {
    if (name === "value") continue;
    if (!TEXTS.has(name)) return new Failure(`unexpected JSONPatchType field: ${name}`);
    if (typeof value !== "string") return new Failure(`unexpected type for JSONPatchType '${name}' field`);
  }
  return new OperationLiteral(fields);
}
