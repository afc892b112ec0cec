/**
 * Protobuf messages of the published definitions: field numbers and types, with fields by their JSON names.
 * Read when first needed, kept for good; same promises as `definition`.
 */

import { messageTable, NAME_PREFIX, resolveName } from "./tables.ts";

export interface MessageField {
  /** Name in JSON. */
  readonly name: string;
  readonly number: number;
  readonly type: "string" | "bytes" | "bool" | "int32" | "int64" | "double" | "message" | "form" | "strings";
  /** The definition of a message field, or the special form (`quantity`, `date-time`, …) of a `form` field. */
  readonly of?: string;
  readonly repeated: boolean;
  /** `map<string, type>` */
  readonly map: boolean;
  /** The message's own fields appear in place of this one in JSON (Go's embedded structs). */
  readonly inline: boolean;
}

export interface Message {
  readonly name: string;
  /** By field number. */
  readonly fields: ReadonlyMap<number, MessageField>;
}

const known = new Map<string, Message>();

/** Throws for a definition that has no protobuf form. */
export function message(name: string): Message {
  let found = known.get(name);
  if (!found) {
    const within = name.slice(NAME_PREFIX.length);
    const row = messageTable()[within];
    if (!row) throw new RangeError(`No protobuf message is called "${name}"`);
    const fields = Object.entries(row).map(([field, text]) => messageField(field, text, within));
    found = { name, fields: new Map(fields.map((field) => [field.number, field])) };
    known.set(name, found);
  }
  return found;
}

export function hasMessage(name: string): boolean {
  return name.startsWith(NAME_PREFIX) && messageTable()[name.slice(NAME_PREFIX.length)] !== undefined;
}

const scalars: ReadonlySet<string> = new Set(["string", "bytes", "bool", "int32", "int64", "double"]);
const FORM = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** `2 [ContainerPort]`, `3 {string}`, `1 quantity`, `6 {<[string]>}` */
function messageField(key: string, text: string, within: string): MessageField {
  const inline = key.startsWith("+");
  const space = text.indexOf(" ");
  const outer = text.slice(space + 1);
  const repeated = outer.startsWith("[");
  const map = outer.startsWith("{");
  const base = repeated || map ? outer.slice(1, -1) : outer;
  const place = {
    name: inline ? key.slice(1) : key,
    number: Number(text.slice(0, space)),
    repeated,
    map,
    inline,
  };
  if (scalars.has(base)) return { ...place, type: base as "string" };
  if (base === "<[string]>") return { ...place, type: "strings" };
  if (FORM.test(base)) return { ...place, type: "form", of: base };
  return { ...place, type: "message", of: NAME_PREFIX + resolveName(base, within) };
}
