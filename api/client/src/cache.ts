/**
 * What a controller reads: the world as the watches have told it so far.
 *
 * Promises: every object is frozen; the states of one object appear in order; `list`, `ownedBy` and `by` are look-ups in an
 * index, not scans. Not promised: that two kinds are seen at the same revision, or that no state is skipped.
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";

export interface Cache {
  get<T extends ApiObject>(resource: Resource<T>, key: string): T | undefined;
  /** All of a kind, or those of one namespace. */
  list<T extends ApiObject>(resource: Resource<T>, namespace?: string): readonly T[];
  /** Objects whose controller owner is `owner`, by uid. */
  ownedBy<T extends ApiObject>(owner: ApiObject, resource: Resource<T>): readonly T[];
  /** Objects that `index` (declared where the informer is made) files under `value`. */
  by<T extends ApiObject>(index: Index<T>, value: string): readonly T[];
}

/** A way to file objects of a kind: `{ name: "pods by node", of: pod, values: (p) => [p.spec.nodeName] }`. Identity is the object itself. */
export interface Index<T extends ApiObject = ApiObject> {
  readonly name: string;
  readonly of: Resource<T>;
  values(object: T): readonly (string | undefined)[];
}

export function defineIndex<T extends ApiObject>(index: Index<T>): Index<T> {
  return index;
}
