/**
 * Writes `api/schema/v1.36/go-fields.json`: what the published description does not say of upstream's Go types, and
 * what its JSON shows all the same: the order of fields, and which of them appear when they are empty.
 *
 *     tools/node tools/generate-go-facts.ts [GOMODCACHE]      needs upstream's sources, so it is not part of `generate`
 *
 * Each definition has its fields in Go's order, each with a mark:
 *
 *     e   a value, left out when empty (numbers, texts, lists, maps); structs and times are written all the same
 *     a   a value, always written
 *     p   a pointer, left out when nil: a zero behind it is written
 *     n   a pointer, written as null when nil
 *     o   a struct, left out when all of it is zero
 *
 * and the defaults that the types declare (`+default=`), and Go's names of types that the description shows as plain
 * texts and maps (`v1.Protocol`), which decoding errors quote. Facts only: no sentence of the sources is kept.
 */

import { globSync, readFileSync, writeFileSync } from "node:fs";
import { definition, definitionNames } from "../api/schema/src/definitions.ts";
import type { Schema } from "../api/schema/src/schema.ts";

const VERSION = "v0.36.3";
const root = process.argv[2] ?? "/root/go/pkg/mod";

/** Folder of sources → prefix of the definitions they make. */
const sources: readonly (readonly [pattern: string, prefix: (file: string) => string])[] = [
  [`api@${VERSION}/*/*/types*.go`, (file) => `api.${file.split("/").slice(1, 3).join(".")}`],
  [`apimachinery@${VERSION}/pkg/apis/meta/v1/*.go`, () => "apimachinery.pkg.apis.meta.v1"],
  [`apimachinery@${VERSION}/pkg/version/types.go`, () => "apimachinery.pkg.version"],
  [
    `apiextensions-apiserver@${VERSION}/pkg/apis/apiextensions/v1/types*.go`,
    () => "apiextensions-apiserver.pkg.apis.apiextensions.v1",
  ],
  [
    `kube-aggregator@${VERSION}/pkg/apis/apiregistration/v1/types.go`,
    () => "kube-aggregator.pkg.apis.apiregistration.v1",
  ],
];

interface Field {
  readonly name: string;
  readonly mark: string;
  /** `v1.Protocol`, `[]v1.IPFamily`, or undefined for what Go calls as everybody does. */
  readonly goType: string | undefined;
  readonly default?: unknown;
}
type Member = Field | { readonly embeds: string };

const structs = new Map<string, Member[]>();
const constants = new Map<string, string>();
const files = sources.flatMap(([pattern, prefix]) =>
  globSync(pattern, { cwd: `${root}/k8s.io` })
    .filter((file) => !file.endsWith("_test.go"))
    .map((file) => ({ prefix: prefix(file), text: readFileSync(`${root}/k8s.io/${file}`, "utf8") })),
);
for (const { text } of files) {
  for (const [, name, value] of text.matchAll(/^\s+(\w+)\s+\w+\s+= "(.*)"$/gm)) constants.set(name!, value!);
}
for (const { prefix, text } of files) {
  for (const [, name, body] of text.matchAll(/^type (\w+) struct \{\n([^]*?)^\}/gm))
    structs.set(`${prefix}.${name}`, members(body!, prefix));
  for (const [, name, other] of text.matchAll(/^(?:type |\t)(\w+) (?:= )?(v1\.\w+)$/gm))
    structs.set(`${prefix}.${name}`, [{ embeds: embedded(other!, prefix) }]);
}

type Row = [fields: string, defaults?: Record<string, unknown>, goTypes?: Record<string, string>];
const table: Record<string, Row> = {};
for (const full of definitionNames().sort()) {
  const name = full.replace("io.k8s.", "");
  const published = [...definition(full).properties!.keys()];
  const fields = flat(name).filter((field) => published.includes(field.name));
  const missing = published.filter((field) => !fields.some((known) => known.name === field));
  if (missing.length) throw new Error(`Found no Go field for ${missing.join(", ")} of ${name}`);
  const defaults = fields.filter((field) => "default" in field).map((field) => [field.name, field.default]);
  const goTypes = fields.filter((field) => isNamed(field, definition(full).properties!.get(field.name)!));
  const text = fields.map((field) => `${field.name}:${field.mark}`).join(" ");
  const row: Row = [text];
  if (defaults.length || goTypes.length) row.push(Object.fromEntries(defaults));
  if (goTypes.length) row.push(Object.fromEntries(goTypes.map((field) => [field.name, field.goType!])));
  table[name] = row;
}
const lines = Object.entries(table).map(([name, row]) => `${JSON.stringify(name)}:${JSON.stringify(row)}`);
writeFileSync(new URL("../api/schema/v1.36/go-fields.json", import.meta.url), `{\n${lines.join(",\n")}\n}\n`);
console.log(`Wrote ${lines.length} rows to api/schema/v1.36/go-fields.json`);

function members(body: string, prefix: string): Member[] {
  const found: Member[] = [];
  let declared: string | undefined;
  for (const raw of body.split("\n")) {
    const line = raw.trim();
    declared = /^\/\/ \+default=(.*)$/.exec(line)?.[1] ?? declared;
    const match = /^(?:(\w+)\s+)?([\w.*[\]{}]+)\s*`json:"([^"]*)"/.exec(line);
    if (!match) continue;
    const [, , type = "", tag = ""] = match;
    const [name = "", ...options] = tag.split(",");
    if (options.includes("inline")) {
      const target = type.slice(type.lastIndexOf(".") + 1);
      found.push({
        embeds: type.startsWith("metav1.")
          ? `apimachinery.pkg.apis.meta.v1.${target}`
          : embedded(type, prefix),
      });
    } else if (name !== "-") {
      const value = declared === undefined ? {} : { default: literal(declared) };
      found.push({ name, mark: markOf(type, options), goType: goTypeOf(type, prefix), ...value });
    }
    declared = undefined;
  }
  return found;
}

/** `*Protocol` in core/v1 is `v1.Protocol`; plain types and types of other libraries have no name to tell. */
function goTypeOf(type: string, prefix: string): string | undefined {
  const match = /^\*?(\[\])?([a-z0-9]+\.)?([A-Z]\w*)$/.exec(type);
  if (!match) return undefined;
  const [, list = "", from = "", name] = match;
  if (from && !/^(core|api)?v1\.$/.test(from)) return undefined;
  return `${list}${from ? "v1." : `${prefix.slice(prefix.lastIndexOf(".") + 1)}.`}${name}`;
}

/** Whether the published type hides the name: structs keep theirs. */
function isNamed({ goType }: Field, schema: Schema): boolean {
  if (!goType) return false;
  const inner = goType.startsWith("[]") ? schema.items! : schema;
  return !inner.name && (inner.type === "string" || inner.type === "object") && !inner.format;
}

function embedded(type: string, prefix: string): string {
  const target = type.slice(type.lastIndexOf(".") + 1);
  if (!type.includes(".")) return `${prefix}.${target}`;
  return `${prefix.slice(0, prefix.lastIndexOf(".") + 1)}${type.slice(0, type.indexOf("."))}.${target}`;
}

function markOf(type: string, options: readonly string[]): string {
  if (options.includes("omitzero")) return "o";
  if (type.startsWith("*")) return options.includes("omitempty") ? "p" : "n";
  return options.includes("omitempty") ? "e" : "a";
}

function literal(text: string): unknown {
  const reference = /^ref\((\w+)\)$/.exec(text);
  return reference ? constants.get(reference[1]!) : JSON.parse(text);
}

/** The fields of a struct with those of embedded structs in their place; an outer field hides an embedded one. */
function flat(name: string): Field[] {
  const own = structs.get(name) ?? [];
  const fields = own.flatMap((member) => ("embeds" in member ? flat(member.embeds) : [member]));
  return [...new Map(fields.map((field) => [field.name, field])).values()];
}
