/**
 * An API value as upstream's server would print its own in-memory form of it: Go's field names, in Go's order, with
 * nulls and zeros where nothing is set. Only error texts need it.
 *
 *     internalForm({ key: "k", effect: "NoSchedule" }, "Taint")
 *     // { Key: "k", Value: "", Effect: "NoSchedule", TimeAdded: null }
 */

import { layouts } from "./layout.ts";

interface Field {
  readonly name: string;
  readonly json: string;
  readonly outer: boolean;
  readonly type: string;
}

type Fields = Readonly<Record<string, unknown>>;

export function internalForm(value: unknown, type: string, outer: Fields = {}): unknown {
  if (type.startsWith("*")) return value == null ? null : internalForm(value, type.slice(1), outer);
  if (type.startsWith("[]")) return listForm(value, type.slice(2));
  if (type.startsWith("{}")) return mapForm(value, type.slice(2));
  switch (type) {
    case "string":
      return value ?? "";
    case "number":
      return value ?? 0;
    case "bool":
      return value ?? false;
    case "quantity":
      return value ?? "0";
    case "time":
      return value ?? null;
    case "json":
      return value ?? null;
    case "raw":
      return wireForm(value);
    default:
      return structForm((value ?? {}) as Fields, type, outer);
  }
}

/** The internal form of a struct given by the name of its Go type, as errors quote it; null for nothing. */
export function internalOrNull(value: unknown, type: string): unknown {
  return internalForm(value, `*${type}`);
}

function listForm(value: unknown, type: string): unknown {
  return Array.isArray(value) ? value.map((item) => internalForm(item, type)) : null;
}

function mapForm(value: unknown, type: string): unknown {
  if (value == null) return null;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, internalForm(item, type)]));
}

function structForm(value: Fields, type: string, outer: Fields): unknown {
  const form: Record<string, unknown> = {};
  for (const field of fieldsOf(type)) {
    if (field.type === "meta") {
      Object.assign(form, wireForm(value[field.json]));
      continue;
    }
    form[field.name] = internalForm((field.outer ? outer : value)[field.json], field.type, value);
  }
  return form;
}

/** Shown as encoded: keys in the order of the published type, nothing for what is empty. */
function wireForm(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(wireForm);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).filter(([key, item]) => alwaysShown.has(key) || !isEmpty(item));
  entries.sort(([a], [b]) => orderOf(a) - orderOf(b) || (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, wireForm(item)]));
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return true;
  return Array.isArray(value)
    ? value.length === 0
    : typeof value === "object" && Object.keys(value).length === 0;
}

/** Of the requirements of selectors; all else is left out when empty. */
const alwaysShown = new Set(["key", "operator"]);
const wireOrder = ["matchLabels", "matchExpressions", "key", "operator", "values"];

function orderOf(key: string): number {
  return wireOrder.indexOf(key) + 1;
}

const parsed = new Map<string, readonly Field[]>();

function fieldsOf(type: string): readonly Field[] {
  let fields = parsed.get(type);
  if (!fields) {
    const row = layouts[type];
    if (row === undefined) throw new RangeError(`No internal layout for ${JSON.stringify(type)}`);
    fields = row.split(" ").map(parseField);
    parsed.set(type, fields);
  }
  return fields;
}

function parseField(text: string): Field {
  const [, name = "", json, type = ""] = /^(\w+)(?:=([^:]+))?:(.+)$/.exec(text) ?? [];
  const small = name.charAt(0).toLowerCase() + name.slice(1);
  const outer = json === "^";
  return { name, json: json === undefined || outer ? small : json, outer, type };
}
