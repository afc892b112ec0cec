/**
 * The committed tables of the published API, read when first needed. Each is one JSON file written by
 * `tools/generate-schema.ts` or `tools/generate-go-facts.ts`, whose headers explain the notation.
 */

import { readFileSync } from "node:fs";

export type Rows = Readonly<Record<string, Readonly<Record<string, string>>>>;

function table<T>(file: string): () => T {
  let loaded: T | undefined;
  return () =>
    (loaded ??= JSON.parse(readFileSync(new URL(`../v1.36/${file}`, import.meta.url), "utf8")) as T);
}

/** Definition → field → type and merge notation. */
export const definitionTable = table<Rows>("definitions.json");
/** Definition → field → protobuf number and type. */
export const messageTable = table<Rows>("messages.json");

export type GoFields = readonly [
  fields: string,
  defaults?: Readonly<Record<string, unknown>>,
  goTypes?: Readonly<Record<string, string>>,
];
/** Definition → fields in Go's order with their marks, defaults that the types declare, Go's names of plain types. */
export const goFieldTable = table<Readonly<Record<string, GoFields>>>("go-fields.json");

export interface ResourceRow {
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly subresources?: Readonly<
    Record<
      string,
      {
        readonly kind: string;
        readonly group?: string;
        readonly version?: string;
        readonly verbs: readonly string[];
      }
    >
  >;
}

export interface ResourceTable {
  /** `group/version/Kind` → definition. */
  readonly kinds: Readonly<Record<string, string>>;
  /** `group/version/plural` → row. */
  readonly resources: readonly (readonly [string, ResourceRow])[];
}

const resourceFile = table<Record<string, unknown>>("resources.json");
let resources: ResourceTable | undefined;

export function resourceTable(): ResourceTable {
  if (resources) return resources;
  const { kinds, ...rows } = resourceFile();
  resources = {
    kinds: kinds as ResourceTable["kinds"],
    resources: Object.entries(rows) as [string, ResourceRow][],
  };
  return resources;
}

/** What every name of the tables has been shortened by. */
export const NAME_PREFIX = "io.k8s.";

/** The full definition name for `text` as written inside `from` (both without the shared prefix). */
export function resolveName(text: string, from: string): string {
  return text.includes(".") ? text : from.slice(0, from.lastIndexOf(".") + 1) + text;
}
