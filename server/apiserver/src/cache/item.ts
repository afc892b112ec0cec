/**
 * Objects as the cache holds them: frozen, with kind, apiVersion and resourceVersion, beside the bytes that clients get.
 *
 * The store keeps an object without its resourceVersion, which only the commit decides. Both forms are the same but for one
 * piece, whose place is known because what comes before it has a fixed order:
 *
 *     {"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","namespace":"b","uid":"c"|,"resourceVersion":"7"|,"labels":…
 *
 * so an object is serialized once per write, and parsed once when it comes from the disk.
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import { groupVersion, type ApiObject } from "@knarr/machinery/object.ts";
import { deepFreeze } from "@knarr/std/freeze.ts";
import type { Change, Entry } from "@knarr/store/store.ts";
import type { Item } from "./cache.ts";
import { foreignObject, inStoredVersion } from "./foreign-object.ts";
import { roomFor, StoredItem } from "./stored-item.ts";
import { Unreadable } from "./unreadable.ts";

/** An object on its way to the store. */
export interface Draft<T extends ApiObject = ApiObject> {
  readonly key: string;
  /** In the order above, resourceVersion still undefined. Nobody else holds it. */
  readonly object: T;
  /** What the store gets. */
  readonly stored: Buffer;
  /** Where the resourceVersion goes. */
  readonly split: number;
}

export function draftOf<T extends ApiObject>(resource: Resource<T>, key: string, object: T): Draft<T> {
  const ordered = inOrder(resource, object);
  const stored = Buffer.from(JSON.stringify(ordered)); // not kept, so it may come from the pool
  return { key, object: ordered, stored, split: splitOf(ordered) };
}

/** Whether the draft would change nothing. */
export function isSame(draft: Draft, { bytes, object }: Item): boolean {
  const { stored, split } = draft;
  const length = bytes.length - stored.length;
  if (length !== versionText(object.metadata.resourceVersion!).length) return false;
  if (stored.compare(bytes, 0, split, 0, split) === 0) {
    if (stored.compare(bytes, split + length, bytes.length, split) === 0) return true;
  }
  // Same length, other bytes: fields may only stand in another order.
  const { resourceVersion: _, ...metadata } = object.metadata;
  return semanticEqual(draft.object, { ...object, metadata: { ...metadata, resourceVersion: undefined } });
}

/** The draft as it was committed. */
export function itemOf<T extends ApiObject>(
  { key, object, stored, split }: Draft<T>,
  revision: number,
): Item<T> {
  const resourceVersion = String(revision);
  object.metadata.resourceVersion = resourceVersion;
  const bytes = splice(stored, split, split, resourceVersion);
  return new StoredItem({ key, object: deepFreeze(object), bytes, revision });
}

/** What lies in the store under a kind's key. Throws Unreadable. */
export function readItem<T extends ApiObject>(resource: Resource<T>, key: string, entry: Entry): Item<T> {
  if (entry.unreadable !== undefined) throw new Unreadable(entry.key, entry.unreadable);
  try {
    const item = parseItem(resource, key, entry.value, entry.revision);
    if (!item.object.metadata.name) throw new SyntaxError("it has no name");
    return item;
  } catch (err) {
    throw new Unreadable(entry.key, (err as Error).message);
  }
}

/** What the store has, parsed. */
export function parseItem<T extends ApiObject>(
  resource: Resource<T>,
  key: string,
  stored: Uint8Array,
  revision: number,
): Item<T> {
  const foreign = foreignObject(resource, stored);
  if (foreign) return itemOf(draftOf(resource, key, foreign), revision);
  const text = Buffer.from(stored.buffer, stored.byteOffset, stored.length).toString();
  if (resource.revive) return revivedItem(resource, key, text, revision);
  const split = splitInText(text);
  if (split > 0) {
    const json = `${text.slice(0, split)}${versionText(String(revision))}${text.slice(split)}`;
    const object = JSON.parse(json) as T;
    if (
      object.apiVersion === groupVersion(resource) &&
      object.metadata.resourceVersion === String(revision)
    ) {
      return new StoredItem({ key, object: deepFreeze(object), bytes: bytesOf(json), revision });
    }
  }
  return itemOf(draftOf(resource, key, inStoredVersion(resource, JSON.parse(text) as T)), revision);
}

/** What the store has of a kind whose schema may be another by now. */
function revivedItem<T extends ApiObject>(
  resource: Resource<T>,
  key: string,
  text: string,
  revision: number,
): Item<T> {
  const object = JSON.parse(text) as T;
  resource.revive!(object);
  const draft = draftOf(resource, key, object);
  const isAsStored = draft.stored.length === Buffer.byteLength(text) && draft.stored.toString() === text;
  const item = itemOf(draft, revision);
  if (isAsStored) return item;
  const { object: revived, bytes } = item;
  return new StoredItem({ key, object: revived, bytes, revision, isOutdated: true });
}

/** What a change of the store makes of an item. */
export function itemOfChange<T extends ApiObject>(
  resource: Resource<T>,
  { type, entry }: Change,
  key: string,
  current: Item<T> | undefined,
): Item<T> {
  if (type === "delete" && current) return withRevision(current, entry.revision);
  const item = readItem(resource, key, entry);
  return type === "delete" ? withRevision(item, entry.revision) : item;
}

/** The same state under another resourceVersion: what a delete leaves behind. */
export function withRevision<T extends ApiObject>(
  { key, object, bytes }: Item<T>,
  revision: number,
): Item<T> {
  const { resourceVersion: before } = object.metadata;
  const resourceVersion = String(revision);
  const changed = { ...object, metadata: { ...object.metadata, resourceVersion } };
  const split = splitOf(object);
  const end = split + versionText(before!).length;
  const spliced = splice(bytes, split, end, resourceVersion);
  return new StoredItem({ key, object: deepFreeze(changed), bytes: spliced, revision });
}

function inOrder<T extends ApiObject>(resource: Resource<T>, object: T): T {
  const { kind: _kind, apiVersion, metadata, ...fields } = object;
  const { name, generateName, namespace, uid, resourceVersion: _resourceVersion, ...rest } = metadata;
  const ordered: ApiObject["metadata"] = { name: name! };
  if (generateName !== undefined) ordered.generateName = generateName;
  if (namespace !== undefined) ordered.namespace = namespace;
  if (uid !== undefined) ordered.uid = uid;
  (ordered as { resourceVersion: string | undefined }).resourceVersion = undefined;
  return {
    kind: resource.kind,
    apiVersion: resource.revive ? apiVersion : groupVersion(resource),
    metadata: Object.assign(ordered, rest),
    ...fields,
  } as unknown as T;
}

/** Length of all that comes before the resourceVersion. */
function splitOf({ kind, apiVersion, metadata: { name, generateName, namespace, uid } }: ApiObject): number {
  const before = JSON.stringify({ kind, apiVersion, metadata: { name, generateName, namespace, uid } });
  return Buffer.byteLength(before) - 2; // without the two closing braces
}

const UID = '"uid":"';

/** The same in text from the store; names and kinds are ASCII there and hold no quotes. 0: the text has another order. */
function splitInText(text: string): number {
  const uid = text.indexOf(UID);
  const end = uid < 0 ? -1 : text.indexOf('"', uid + UID.length);
  if (end < 0 || !ordered.test(text.slice(0, end + 1))) return 0;
  return end + 1;
}

const ordered =
  /^\{"kind":"[^"\\]+","apiVersion":"[^"\\]+","metadata":\{"name":"[^"\\]+"(,"generateName":"[^"\\]*")?(,"namespace":"[^"\\]*")?,"uid":"[^"\\]*"$/;

function versionText(resourceVersion: string): string {
  return `,"resourceVersion":"${resourceVersion}"`;
}

/** `bytes` with what lies between `start` and `end` replaced by a resourceVersion. */
function splice(bytes: Buffer, start: number, end: number, resourceVersion: string): Buffer {
  const text = versionText(resourceVersion);
  const spliced = roomFor(bytes.length - (end - start) + text.length);
  bytes.copy(spliced, 0, 0, start);
  spliced.write(text, start, "latin1");
  bytes.copy(spliced, start + text.length, end);
  return spliced;
}

function bytesOf(text: string): Buffer {
  const bytes = roomFor(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}
