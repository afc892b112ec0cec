/**
 * One version of a custom resource as its schema rules it: everything that serving it needs of the schema, in the order a
 * request meets it. Made once for each version of each definition, cheap until used.
 *
 *     decode     coerce → applyDefaults            (again after mutating admission: both are idempotent)
 *     create     validate
 *     update     validateUpdate, or validateStatus for /status
 *     storage    settle, for what is written; revive, for what was stored under another schema or converted from another version
 *     publish    openApi, schema
 */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import type { JsonObject } from "@knarr/machinery/object.ts";
import type { Schema } from "@knarr/schema/schema.ts";
import type { Structural } from "./structural.ts";

export interface CustomSchema {
  readonly structural: Structural;

  /**
   * For apply, managed fields, patches and tables: list types, map types, keys. `apiVersion`, `kind` and `metadata` are typed
   * as those of built-in kinds. It has no `presence`: what a custom resource carries is what its writer sent.
   */
  readonly schema: Schema;

  /**
   * What decoding does to an object of a request, in place: types `metadata` (here and in embedded resources), removes what the
   * schema does not know and nulls that are neither allowed nor defaulted.
   *
   * Returns what strict and warning decoding say of it (`unknown field "spec.foo"`). Throws TypeError or SyntaxError, worded as
   * Go's decoder words it, for metadata that cannot be read: a 400, as for built-in kinds.
   */
  coerce(object: JsonObject): readonly string[];

  /** Fills defaults in, in place, recursively; a null that is not allowed counts as absent. */
  applyDefaults(object: JsonObject): void;

  /**
   * What reading from storage does, in place: as `coerce` and `applyDefaults`, but what is wrong with metadata is dropped
   * instead of refused, and a generation of 0 becomes 1. For objects that an older schema let in, and for what a
   * conversion made.
   */
  revive(object: JsonObject): void;

  /** What `revive` makes of an object that comes from a write in this version, whose metadata is typed for that reason: for less. */
  settle(object: JsonObject): void;

  /**
   * All rules but those of the object's own metadata, which the server checks before: values, scale's numbers, embedded
   * resources, list types, then CEL, whose rules are left out (with one finding that says so) when `errors` has, metadata's
   * included, what makes them pointless.
   */
  validate(object: JsonObject, errors: FieldErrors): void;

  /** The same on update: what did not change may be as bad as it was (KEP-4008), and rules see `oldSelf`. */
  validateUpdate(object: JsonObject, previous: JsonObject, errors: FieldErrors): void;

  /** The same for a write to `/status`: values of `status` alone, rules of the whole object. */
  validateStatus(object: JsonObject, previous: JsonObject, errors: FieldErrors): void;

  /** What the rules found wrong with `object` when it was last validated and forgave, since it was so before: for `Warning:` headers. */
  warningsOf(object: JsonObject): readonly string[];

  /**
   * What `components.schemas` (3) or `definitions` (2) say of the kind and its list, by definition name. They refer to
   * ObjectMeta and ListMeta under `#/components/schemas/` (3) or `#/definitions/` (2), which the caller adds.
   */
  openApi(version: 2 | 3): Readonly<Record<string, object>>;
}

export interface CustomSchemaOptions {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Default: `kind` and `List`. */
  readonly listKind?: string;
  readonly plural: string;
  readonly scope: "Namespaced" | "Cluster";
  /** `spec.preserveUnknownFields` of definitions from before v1: nothing is pruned. */
  readonly preservesUnknownFields?: boolean;
  /** What field selectors may name, as the definition has it. */
  readonly selectableFields?: readonly { readonly jsonPath: string }[] | undefined;
  /** The scale subresource: where its numbers are. */
  readonly scale?: ScalePaths | undefined;
}

export interface ScalePaths {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  readonly labelSelectorPath?: string;
}
