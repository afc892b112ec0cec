/**
 * A list of what can be read, and what is left out of it by name.
 *
 * A list that an object belongs to which nobody can read in the store fails, and says which object that is (StorageReadError). Ours then gives
 * the others to who asks for them; upstream's fails again, and so does this.
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject, ListOf } from "@knarr/machinery/object.ts";
import { ApiError, isStorageReadError } from "@knarr/machinery/status.ts";
import type { Selection, Transport } from "./transport.ts";

export interface ReadableList<T extends ApiObject> {
  readonly list: ListOf<T>;
  /** Keys of what is there and cannot be read. */
  readonly unreadable: ReadonlySet<string>;
}

const NONE: ReadonlySet<string> = new Set();

export async function listReadable<T extends ApiObject>(
  transport: Transport,
  { resource, selection }: { readonly resource: Resource<T>; readonly selection: Selection },
  signal: AbortSignal,
): Promise<ReadableList<T>> {
  try {
    return { list: await transport.list(resource, selection, signal), unreadable: NONE };
  } catch (err) {
    const unreadable = isStorageReadError(err) && keysIn(err as ApiError, resource);
    if (!unreadable) throw err;
    const list = await transport.list(resource, { ...selection, skipsUnreadable: true }, signal);
    return { list, unreadable };
  }
}

/** Undefined when there are more than the error names. */
function keysIn({ details }: ApiError, { scope }: Resource<any>): Set<string> | undefined {
  const keys = new Set<string>();
  for (const { field } of details?.causes ?? []) {
    if (!field) return undefined;
    // As the store has it: `/registry/services/specs/default/web`
    keys.add(
      field
        .split("/")
        .slice(scope === "Namespaced" ? -2 : -1)
        .join("/"),
    );
  }
  return keys.size > 0 ? keys : undefined;
}
