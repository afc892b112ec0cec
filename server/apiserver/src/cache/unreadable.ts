/**
 * Objects that the store has and nobody can read: their bytes are damaged, or encrypted with a key that is not known here.
 *
 * They are neither there nor gone. A read of one says so, and so does a list that it may belong to: who is told nothing of it might take it
 * for deleted, and delete what it owns. All other objects are as ever. Only a delete that says what it does can take it away
 * (KEP-3926), and a write from a server that knows better.
 */

import { groupResource, type Resource } from "@knarr/kinds/resource.ts";
import { ApiError, type StatusCause } from "@knarr/machinery/status.ts";

/** Thrown by whoever reads one. */
export class Unreadable extends Error {
  override readonly name = "Unreadable";
  readonly key: string;

  /** `key` as the store has it. */
  constructor(key: string, why: string) {
    super(why);
    this.key = key;
  }
}

/** One that lies in the store. */
export interface UnreadableEntry {
  /** As the store has it. */
  readonly key: string;
  readonly revision: number;
  readonly why: string;
}

const NONE: readonly string[] = [];
/** As upstream: so many are told. */
const MAX_TOLD = 100;

/** All of a kind, by the key that the cache would have them under. */
export class UnreadableEntries extends Map<string, UnreadableEntry> {
  /** Throws StorageReadError when one of them may be among what is asked for. */
  check(
    resource: Resource<any>,
    { key, namespace }: { readonly key?: string | undefined; readonly namespace: string },
  ): void {
    const keys = this.keysIn(namespace).filter((own) => key === undefined || own === key);
    if (keys.length === 0) return;
    throw listError(
      resource,
      keys.map((own) => this.get(own)!),
    );
  }

  /** Those of a namespace, or all. */
  keysIn(namespace: string): readonly string[] {
    if (this.size === 0) return NONE;
    const prefix = namespace && `${namespace}/`;
    return [...this.keys()].filter((key) => key.startsWith(prefix));
  }
}

/** What is said of one; clients find upstream's words in it. */
export function unreadableError(entry: UnreadableEntry): ApiError {
  const message = sentence(entry);
  return new ApiError("InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] });
}

function listError(resource: Resource<any>, entries: readonly UnreadableEntry[]): ApiError {
  const { group, plural } = resource;
  const causes: StatusCause[] = entries
    .slice(0, MAX_TOLD)
    .map((entry) => ({ reason: "UnexpectedServerResponse", message: sentence(entry), field: entry.key }));
  if (entries.length > MAX_TOLD)
    causes.push({ reason: "FieldValueTooMany", message: "too many errors, the list is truncated" });
  const name = group ? `${plural}.${group}` : plural;
  return new ApiError("StorageReadError", `failed to read one or more ${name} from the storage`, {
    ...{ name: "list", ...(group && { group }), kind: groupResource(resource).resource, causes },
  });
}

function sentence({ key, why }: UnreadableEntry): string {
  return `StorageError: corrupt object, Code: 7, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`;
}
