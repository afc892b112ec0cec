/**
 * YAML bodies as sigs.k8s.io/yaml reads them: the first document, as JSON. Plain words mean what YAML 1.1 made of them
 * (`yes` is true, `010` is 8), dates stay text, keys become text, `<<` merges.
 */

import { isUtf8 } from "node:buffer";
import {
  defineMappingTag,
  defineScalarTag,
  load,
  loadAll,
  mergeTag,
  NOT_RESOLVED,
  Schema,
  seqTag,
  strTag,
  YAMLException,
} from "js-yaml";
import { quote } from "../quote.ts";
import { MAX_DEPTH, parseJson } from "./json.ts";
import { yamlTextOf } from "./yaml-text.ts";

export interface ParsedYaml {
  readonly value: unknown;
  /** What a strict reader has against it, in upstream's words; empty when no key stands twice. */
  readonly duplicates: readonly string[];
}

const OPEN_BRACE = 0x7b;

/** Aliases may make a small text large: this many values is the end. */
const MAX_VALUES = 1_000_000;

/** Throws SyntaxError. */
export function parseYaml(bytes: Uint8Array): ParsedYaml {
  return parseAsJson(bytes) ?? parseText(bytes);
}

/** kubectl sends JSON where it says YAML, and JSON is read many times faster; undefined when it is not quite that. */
function parseAsJson(bytes: Uint8Array): ParsedYaml | undefined {
  if (bytes[0] !== OPEN_BRACE || !isUtf8(bytes)) return undefined;
  try {
    const { value, hasDuplicates } = parseJson(bytes);
    return hasDuplicates ? undefined : { value, duplicates: [] };
  } catch (err) {
    if (err instanceof SyntaxError) return undefined;
    throw err;
  }
}

function parseText(bytes: Uint8Array): ParsedYaml {
  const text = yamlTextOf(bytes);
  try {
    const first = loadAll(text, { schema: goSchema, maxDepth: MAX_DEPTH })[0] ?? null;
    const reading = { left: MAX_VALUES, duplicates: new Set<string>() };
    const value = toJson(first, reading);
    return { value, duplicates: reading.duplicates.size ? [strictProblem(text, reading.duplicates)] : [] };
  } catch (err) {
    if (!(err instanceof YAMLException)) throw err;
    const line = err.mark ? `line ${err.mark.line + 1}: ` : "";
    throw new SyntaxError(`yaml: ${line}${err.reason}`, { cause: err });
  }
}

/** Go's strict reader names the line of each key; js-yaml that of the first. */
function strictProblem(text: string, keys: ReadonlySet<string>): string {
  let line = 0;
  try {
    load(text, { maxDepth: MAX_DEPTH });
  } catch (err) {
    if (err instanceof YAMLException && err.mark) line = err.mark.line + 1;
  }
  const lines = [...keys].map((key) => `  line ${line}: key ${quote(key)} already set in map`);
  return `error converting YAML to JSON: yaml: unmarshal errors:\n${lines.join("\n")}`;
}

/** A mapping with its keys as they came, so that one given twice can be told. */
class YamlPairs {
  readonly entries: [key: unknown, value: unknown][] = [];
}

interface Reading {
  left: number;
  readonly duplicates: Set<string>;
}

function toJson(value: unknown, reading: Reading, depth = 0): unknown {
  if (reading.left-- <= 0 || depth > MAX_DEPTH)
    throw new SyntaxError("yaml: document contains excessive aliasing");
  if (Array.isArray(value)) return value.map((item) => toJson(item, reading, depth + 1));
  if (typeof value === "string" && !value.isWellFormed())
    throw new SyntaxError("yaml: found invalid Unicode character escape code");
  if (!(value instanceof YamlPairs)) return value;
  const entries = new Map<string, unknown>();
  for (const [key, inner] of value.entries) {
    const name = keyText(key);
    if (entries.has(name)) reading.duplicates.add(name);
    entries.set(name, toJson(inner, reading, depth + 1));
  }
  return Object.fromEntries(entries);
}

function keyText(key: unknown): string {
  if (typeof key === "object")
    throw new SyntaxError(`unsupported map key of type: ${key === null ? "null" : "map"}`);
  return String(key);
}

const mapping = defineMappingTag<YamlPairs>("tag:yaml.org,2002:map", {
  create: () => new YamlPairs(),
  addPair(pairs, key, value) {
    pairs.entries.push([key, value]);
    return "";
  },
  has: () => false,
  keys: (pairs) => pairs.entries.map(([key]) => key),
  get: (pairs, key) => pairs.entries.find(([name]) => name === key)?.[1],
  identify: () => false,
});

const words = new Map<string, boolean | null>();
for (const word of ["y", "yes", "on", "true"]) spellings(word, true);
for (const word of ["n", "no", "off", "false"]) spellings(word, false);
spellings("null", null);
words.set("~", null).set("", null);

/** `yes`, `Yes`, `YES` */
function spellings(word: string, value: boolean | null): void {
  words
    .set(word, value)
    .set(word.toUpperCase(), value)
    .set(word[0]!.toUpperCase() + word.slice(1), value);
}

const booleans = implicit("bool", (text) =>
  typeof words.get(text) === "boolean" ? words.get(text) : NOT_RESOLVED,
);
const nulls = implicit("null", (text) => (words.get(text) === null ? null : NOT_RESOLVED));

/** Go looks at the first character before it leaves the underscores out, and after a point leaves them in. */
const isNumberLike = (text: string): boolean => /^[-+0-9]|^\.[^_]+$/.test(text);

const integers = implicit("int", (text) => {
  if (!isNumberLike(text)) return NOT_RESOLVED;
  const plain = text.replaceAll("_", "");
  const match = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|([0-9]+))$/.exec(plain);
  if (!match || /^[-+]?$/.test(plain)) return NOT_RESOLVED;
  const [, sign, hex, binary, octal, decimal] = match;
  const value = hex
    ? parseInt(hex, 16)
    : binary
      ? parseInt(binary, 2)
      : octal
        ? parseInt(octal, 8)
        : Number(decimal);
  if (!Number.isFinite(value)) return NOT_RESOLVED;
  return sign === "-" ? -value : value;
});

const floats = implicit("float", (text) => {
  if (!isNumberLike(text)) return NOT_RESOLVED;
  const plain = text.replaceAll("_", "");
  if (!/^[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/.test(plain)) return NOT_RESOLVED;
  const value = Number(plain);
  return Number.isFinite(value) ? value : NOT_RESOLVED; // what no float holds stays text, as in Go
});

function implicit<T>(name: string, resolve: (text: string) => T | typeof NOT_RESOLVED) {
  return defineScalarTag<T>(`tag:yaml.org,2002:${name}`, { implicit: true, resolve, identify: () => false });
}

const goSchema = new Schema([strTag, seqTag, mapping, mergeTag, nulls, booleans, integers, floats]);
