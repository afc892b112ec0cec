/**
 * What the published API says of a field: its type, how its lists merge, what it is called in protobuf.
 *
 * One tree of `Schema` per definition. Everything that needs to know a field reads it here: decoding,
 * pruning, validation of types, strategic merge, server-side apply, OpenAPI, explain, tables. Custom
 * resources bring their own schemas of this same shape at run time.
 *
 * Schemas are immutable and may be cyclic (JSONSchemaProps contains itself): never walk one without a value
 * to guide you.
 */
export interface Schema {
  /** Definition name, e.g. `io.k8s.api.core.v1.Container`; absent for what is described in place. */
  readonly name?: string;
  readonly type: "object" | "array" | "string" | "integer" | "number" | "boolean" | "any";
  /**
   * Refines `type` as Go's types do: `int32`, `int64`, `double`, `byte` (base64 bytes), `date-time`, `micro-time`,
   * `int-or-string`, `quantity`, `duration`, `fields-v1`, `raw-extension`, `json`.
   */
  readonly format?: string;
  /** Fields of an object with fixed fields. An object with neither `properties` nor `values` is free-form. */
  readonly properties?: ReadonlyMap<string, Schema>;
  /** Type of each value of a map (Go's `map[string]X`). */
  readonly values?: Schema;
  readonly items?: Schema;
  readonly required?: ReadonlySet<string>;
  /** What the API description says the server fills in (few fields; most defaults are code of the kind). */
  readonly default?: unknown;
  /** For arrays; absent means atomic. */
  readonly listType?: "atomic" | "set" | "map";
  readonly mapKeys?: readonly string[];
  /** For objects and maps: `atomic` ones have one owner as a whole. */
  readonly mapType?: "atomic" | "granular";
  readonly patchStrategy?: "merge" | "replace" | "retainKeys" | "merge,retainKeys";
  readonly patchMergeKey?: string;
  /**
   * Fields in the order upstream writes them, each with what becomes of it when it is empty: see
   * `tools/generate-go-facts.ts`. Absent for schemas that no Go type stands behind (custom resources).
   */
  readonly presence?: ReadonlyMap<string, Presence>;
  /** Go's name of a type that is published as plain text or a plain map (`v1.Protocol`): errors of decoding quote it. */
  readonly goType?: string;
  /** Discriminated unions, as published. */
  readonly unions?: readonly unknown[];
}

/** `e` left out when empty, `a` always written, `p` left out when absent, `n` null when absent, `o` left out when all zero. */
export type Presence = "e" | "a" | "p" | "n" | "o";

/** One served resource of the published API, whether or not Knarr serves it yet. */
export interface PublishedResource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /** Name of its definition in the schema. */
  readonly schema: string;
  /** Upstream's verbs, as discovery lists them. */
  readonly verbs: readonly string[];
  /** Subresource name → kind and verbs. */
  readonly subresources: Readonly<
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
