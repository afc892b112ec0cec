/**
 * Pruning: what the schema does not know is removed, as a struct of Go drops it, unless the schema says that unknown
 * fields are kept. `apiVersion`, `kind` and `metadata` of the root and of embedded resources are not its business.
 *
 * And nulls: one that is neither allowed nor replaced by a default counts as absent, again as in Go.
 */

import type { JsonObject } from "@knarr/machinery/object.ts";
import type { Structural } from "./structural.ts";

/** Prunes `object`, an API object, in place. Returns the paths that were unknown, sorted: `spec.list[0].foo`. */
export function prune(object: JsonObject, structural: Structural): readonly string[] {
  const pruner = new Pruner();
  pruner.root(object, structural);
  return pruner.unknown.sort();
}

/** Prunes a value inside an object: a default. */
export function pruneValue(value: unknown, structural: Structural): void {
  new Pruner().value(value, structural);
}

export function isMetaField(name: string): boolean {
  return name === "metadata" || name === "kind" || name === "apiVersion";
}

class Pruner {
  readonly unknown: string[] = [];
  /** Where the walk stands, in pieces: only what is unknown needs it as text. */
  readonly #path: string[] = [];

  root(object: JsonObject, structural: Structural): void {
    this.#members(object, structural, { isResource: true });
  }

  value(value: unknown, structural: Structural | undefined): void {
    if (typeof value !== "object" || value === null) return;
    if (structural?.preservesUnknown) this.#keep(value, structural);
    else if (Array.isArray(value))
      for (const [index, item] of value.entries())
        this.#at(`[${index}]`, () => this.value(item, structural?.items));
    else if (structural)
      this.#members(value as JsonObject, structural, { isResource: structural.isEmbeddedResource });
    else for (const key in value) this.#drop(value as JsonObject, key);
  }

  /** What is unknown stays, also in the items of a list; members that the schema names are pruned by what it says of them. */
  #keep(value: unknown, structural: Structural | undefined): void {
    if (typeof value !== "object" || value === null || !structural) return;
    if (Array.isArray(value))
      for (const [index, item] of value.entries())
        this.#at(`[${index}]`, () => this.#keep(item, structural.items));
    else
      this.#members(value as JsonObject, structural, {
        isResource: structural.isEmbeddedResource,
        keeps: true,
      });
  }

  #members(
    object: JsonObject,
    structural: Structural,
    { isResource, keeps = structural.preservesUnknown }: MemberOptions,
  ): void {
    for (const key in object) {
      if (isResource && isMetaField(key)) continue;
      const known = structural.at(key);
      if (known || structural.hasAdditional) this.#at(`.${key}`, () => this.value(object[key], known));
      else if (!keeps) this.#drop(object, key);
    }
  }

  #at(step: string, walk: () => void): void {
    this.#path.push(step);
    walk();
    this.#path.pop();
  }

  #drop(object: JsonObject, key: string): void {
    this.unknown.push(`${this.#path.join("")}.${key}`.slice(1));
    delete object[key];
  }
}

interface MemberOptions {
  /** Its `apiVersion`, `kind` and `metadata` are somebody else's business. */
  readonly isResource: boolean;
  readonly keeps?: boolean;
}

/** Removes nulls that the schema neither allows nor has a default for. What it says nothing of may be null. */
export function pruneNulls(value: unknown, structural: Structural | undefined): void {
  if (typeof value !== "object" || value === null || !structural) return;
  if (Array.isArray(value)) {
    const { items } = structural;
    if (items) for (const item of value) pruneNulls(item, items);
    return;
  }
  const object = value as JsonObject;
  for (const key in object) {
    const known = structural.at(key);
    const member = object[key];
    if (member === undefined)
      delete object[key]; // from a client in this process: JSON has none
    else if (member !== null) pruneNulls(member, known);
    else if (known && !known.isNullable && known.default == null) delete object[key];
  }
}
