/**
 * Schemas of the published definitions, by full name (`io.k8s.api.core.v1.Container`).
 *
 * A definition is read from its table row when first asked for, its fields when first looked at, and both are
 * kept: asking twice gives the same object, so callers may key caches by it.
 */

import type { Presence, Schema } from "./schema.ts";
import { definitionTable, goFieldTable, NAME_PREFIX, resolveName, resourceTable } from "./tables.ts";

const known = new Map<string, Schema>();

/** Throws for a name that the published API does not have. */
export function definition(name: string): Schema {
  let schema = known.get(name);
  if (!schema) {
    const row = definitionTable()[name.slice(NAME_PREFIX.length)];
    if (!row || !name.startsWith(NAME_PREFIX)) throw new RangeError(`No definition is called "${name}"`);
    known.set(name, (schema = new DefinitionSchema(name, row)));
  }
  return schema;
}

export function hasDefinition(name: string): boolean {
  return name.startsWith(NAME_PREFIX) && definitionTable()[name.slice(NAME_PREFIX.length)] !== undefined;
}

export function definitionNames(): string[] {
  return Object.keys(definitionTable()).map((name) => NAME_PREFIX + name);
}

/** Group, version and kind that a definition describes: none for parts of objects. */
export function kindsOf(name: string): { group: string; version: string; kind: string }[] {
  kindsByName ??= Map.groupBy(Object.entries(resourceTable().kinds), ([, target]) => target);
  const rows = kindsByName.get(name.slice(NAME_PREFIX.length)) ?? [];
  return rows.map(([key]) => {
    const [group = "", version = "", kind = ""] = key.split("/");
    return { group, version, kind };
  });
}
let kindsByName: Map<string, [string, string][]> | undefined;

/** An object with fixed fields: a definition, or one seen through a field that says more about merging. */
class DefinitionSchema implements Schema {
  readonly name: string;
  readonly type = "object";
  declare readonly mapType?: "atomic" | "granular";
  declare readonly patchStrategy?: NonNullable<Schema["patchStrategy"]>;
  declare readonly unions?: readonly unknown[];
  readonly #row: Readonly<Record<string, string>>;
  #properties: ReadonlyMap<string, Schema> | undefined;
  #required: ReadonlySet<string> | undefined;
  #presence: ReadonlyMap<string, Presence> | undefined;

  constructor(name: string, row: Readonly<Record<string, string>>, merging: Merging = {}) {
    this.name = name;
    this.#row = row;
    if (row["@mapType"]) this.mapType = row["@mapType"] as "atomic";
    if (row["@unions"]) this.unions = JSON.parse(row["@unions"]) as unknown[];
    Object.assign(this, merging);
  }

  get properties(): ReadonlyMap<string, Schema> {
    if (this.#properties) return this.#properties;
    const properties = new Map<string, Schema>();
    const within = this.name.slice(NAME_PREFIX.length);
    const [, defaults, goTypes] = goFieldTable()[within] ?? [];
    for (const [field, text] of Object.entries(this.#row)) {
      if (field.startsWith("@")) continue;
      const schema = fieldSchema(text, within);
      const value = defaults?.[field];
      const goType = goTypes?.[field];
      const named = goType ? withGoType(schema, goType) : schema;
      properties.set(field, value === undefined ? named : { ...named, default: value });
    }
    this.#properties = properties;
    return properties;
  }

  get required(): ReadonlySet<string> {
    return (this.#required ??= new Set(
      Object.keys(this.#row).filter((field) => /!( |$)/.test(this.#row[field]!) && !field.startsWith("@")),
    ));
  }

  get presence(): ReadonlyMap<string, Presence> {
    if (this.#presence) return this.#presence;
    const fields = goFieldTable()[this.name.slice(NAME_PREFIX.length)]?.[0] ?? "";
    const pairs =
      fields === "" ? [] : fields.split(" ").map((field) => field.split(":") as [string, Presence]);
    return (this.#presence = new Map(pairs));
  }
}

/** `[]v1.IPFamily` names the list and, without the brackets, its items. */
function withGoType(schema: Schema, goType: string): Schema {
  if (!goType.startsWith("[]") || !schema.items) return { ...schema, goType };
  return { ...schema, goType, items: withGoType(schema.items, goType.slice(2)) };
}

type Merging = Pick<Schema, "listType" | "mapKeys" | "mapType" | "patchStrategy" | "patchMergeKey">;

/** `[ContainerPort]! map(containerPort,protocol) patch=merge(containerPort)` */
function fieldSchema(text: string, within: string): Schema {
  const [type = "", ...words] = text.split(" ");
  const schema = typeSchema(type.replace("!", ""), within);
  if (words.length === 0) return schema;
  const merging = mergingOf(words, schema.type);
  return schema instanceof DefinitionSchema
    ? new DefinitionSchema(schema.name, definitionTable()[schema.name.slice(NAME_PREFIX.length)]!, merging)
    : { ...schema, ...merging };
}

function mergingOf(words: readonly string[], type: Schema["type"]): Merging {
  const merging: { -readonly [K in keyof Merging]: Merging[K] } = {};
  for (const word of words) {
    const [, patch, name = "", keys] = /^(patch=)?([a-zA-Z,]*)(?:\(([^)]*)\))?$/.exec(word)!;
    if (patch) {
      if (name) merging.patchStrategy = name as NonNullable<Schema["patchStrategy"]>;
      if (keys) merging.patchMergeKey = keys;
    } else if (type === "array") {
      merging.listType = name as NonNullable<Schema["listType"]>;
      if (keys) merging.mapKeys = keys.split(",");
    } else {
      merging.mapType = name as NonNullable<Schema["mapType"]>;
    }
  }
  return merging;
}

/** Leaves, shared by all fields of their type. */
const leaves: Readonly<Record<string, Schema>> = {
  string: { type: "string" },
  boolean: { type: "boolean" },
  integer: { type: "integer", format: "int64" },
  int32: { type: "integer", format: "int32" },
  int64: { type: "integer", format: "int64" },
  double: { type: "number", format: "double" },
  number: { type: "number", format: "double" },
  byte: { type: "string", format: "byte" },
  "date-time": { type: "string", format: "date-time" },
  "micro-time": { type: "string", format: "micro-time" },
  duration: { type: "string", format: "duration" },
  quantity: { type: "string", format: "quantity" },
  "int-or-string": { type: "any", format: "int-or-string" },
  "fields-v1": { type: "object", format: "fields-v1" },
  "raw-extension": { type: "object", format: "raw-extension" },
  json: { type: "any", format: "json" },
  "json-schema-or-array": { type: "any", format: "json-schema-or-array" },
  "json-schema-or-bool": { type: "any", format: "json-schema-or-bool" },
  "json-schema-or-string-array": { type: "any", format: "json-schema-or-string-array" },
  object: { type: "object" },
  any: { type: "any" },
};

function typeSchema(text: string, within: string): Schema {
  const inner = (): Schema => typeSchema(text.slice(1, -1), within);
  if (text.startsWith("[")) return { type: "array", items: inner() };
  if (text.startsWith("{")) return { type: "object", values: inner() };
  return leaves[text] ?? definition(NAME_PREFIX + resolveName(text, within));
}
