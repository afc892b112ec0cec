/**
 * The in-memory heart of the API server: every stored object, parsed once and serialized once, over a Store.
 *
 * What is promised:
 *
 * - An object is frozen throughout, carries kind, apiVersion and resourceVersion, and `bytes` is its JSON, resourceVersion
 *   included: what GET answers. Both are shared by everybody; nobody may change either.
 * - A write is answered after it is on disk and after the cache and all watchers have it (those who prefer batches apart): read your
 *   writes.
 * - A write that changes nothing writes nothing and returns the object as it is.
 * - Watchers of one kind get each change once, in revision order, with no gap, or are ended.
 * - A list is of one revision, all its pages too, in key order.
 *
 * What is not: that an object given to a write stays the caller's. It is frozen and kept: never touch it again.
 *
 * Keys here are `namespace/name`, or `name` for what has no namespace (`keyOf` of machinery); in the store they are
 * behind the kind's prefix (`store-keys.ts`).
 */

import type { Index } from "@knarr/client/cache.ts";
import type { WatchEvent } from "@knarr/client/transport.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import type { FieldSelector } from "@knarr/machinery/fields.ts";
import type { LabelSelector } from "@knarr/machinery/labels.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import type { ApiError } from "@knarr/machinery/status.ts";
import type { World } from "../admission/plugin.ts";

export interface Caches extends AsyncDisposable {
  /** Revision that every cache has reached. */
  readonly revision: number;
  /** Resolves when every cache has all that any server has acknowledged by now; undefined when it has, because no other server can write. */
  caughtUp(): Promise<void> | undefined;
  /** All of it as admission plugins see it. */
  readonly world: World;
  /** The same for those who delete what has lost its owner: throws for what cannot be read, so that it is not taken for gone. */
  readonly strictWorld: World;
  /** Rejects when the store's stream of changes breaks: nothing here can be trusted from then on, restart the server. */
  readonly failed: Promise<never>;
  /** Why the store takes no writes at the moment; reads and watches go on. */
  readonly trouble: string | undefined;
  /** Loads kinds from the store; those there already are left alone. Kinds of CustomResourceDefinitions come and go. */
  add(resources: readonly Resource<any>[]): Promise<void>;
  /** Reads a kind that is there anew, as `resource` now has it, because its schema has changed. All its watches end. */
  reload(resource: Resource<any>): Promise<void>;
  /** Ends the watches of a kind and forgets it; its objects stay in the store. */
  remove(resource: Resource<any>): void;
  /** The cache of a kind, or of the kind it is stored as (`resource.stored`). Throws for one not added. */
  of<T extends ApiObject>(resource: Resource<T>): ResourceCache<T>;
}

export interface ResourceCache<T extends ApiObject = ApiObject> {
  /** The kind as it is stored. */
  readonly resource: Resource<T>;
  /** How many objects there are. */
  readonly size: number;

  /** The object now. */
  get(key: string): Item<T> | undefined;

  /** The store has an object there that nobody can read: `get` has nothing, lists that it may belong to throw StorageReadError, writes InternalError. */
  isUnreadable(key: string): boolean;
  /** All of those, or of one namespace. */
  unreadableKeys(namespace?: string): readonly string[];
  /** Throws InternalError for one. */
  checkReadable(key: string): void;
  /** Takes one away that cannot be read; nothing, if it can. Its watches end, for nobody can say what is gone. */
  discard(key: string): Promise<void>;

  /** Throws AlreadyExists. */
  create(key: string, object: T): Promise<Item<T>>;

  /**
   * Writes what `change` makes of the current object, which is frozen, so it works on a copy. Called again with the new state
   * when somebody else wrote first: it must check preconditions such as the resourceVersion itself, and throw to give up.
   * Throws NotFound.
   */
  update(key: string, change: (current: T, item: Item<T>) => T | Promise<T>): Promise<Item<T>>;

  /** The same for what may not exist yet: `change` gets undefined then, and `created` of the answer is true. */
  upsert(
    key: string,
    change: (current: T | undefined, item: Item<T> | undefined) => T | Promise<T>,
  ): Promise<{ readonly item: Item<T>; readonly created: boolean }>;

  /**
   * Removes the object at once; graceful deletion and finalizers are the caller's. `check` sees the state that is removed and
   * throws to refuse it. Answers with the last state under the delete's resourceVersion. Throws NotFound.
   */
  delete(key: string, check?: (current: T, item: Item<T>) => void | Promise<void>): Promise<Item<T>>;

  /** A page of what is selected. Throws ApiErrors in upstream's words for impossible queries and for the past that is gone. */
  list(query?: ListQuery): Promise<ListPage<T>>;

  /** Current objects of all namespaces or of one, in key order: for code in this process. Never change the array. */
  items(namespace?: string): readonly Item<T>[];
  /** Current objects that `index` files under `value`. The index is built when first asked for and kept. */
  by(index: Index<T>, value: string): readonly T[];
  /** Current objects with an owner reference to `uid` (any owner, not only the controller). */
  ownedBy(uid: string): readonly T[];

  /**
   * Starts a watch. The promise resolves when the first batch (state or what was missed) has been handed to the sink, or can go there without
   * waiting. Throws Expired when the past asked for is gone. Watches end by `stop()`, by `sink.end`, never silently.
   */
  watch(query: WatchQuery, sink: WatchSink<T>): Promise<Watch>;

  /** The same for code in this process: batches of frozen objects. Ends when `signal` aborts; throws ApiError when dropped. */
  events(query: WatchQuery, signal: AbortSignal): AsyncIterable<readonly WatchEvent<T>[]>;

  /**
   * The same objects as `conversion` shows them, selected by what `resource` says of that version. For as long as the schema stays the same:
   * after a `reload` it is to be asked for anew.
   */
  inVersion(resource: Resource<any>, conversion: Conversion): Versioned;

  /**
   * Every change from now on, told synchronously inside the commit, after the cache has it. `changes` are in revision
   * order; the listener must be quick and must not throw. Returns the state it starts from.
   */
  subscribe(listener: (changes: readonly ItemChange<T>[]) => void): Subscription<T>;
}

/** One state of one object. */
export interface Item<T extends ApiObject = ApiObject> {
  readonly key: string;
  readonly object: T;
  /** The object as JSON. Each time they are asked for they may be made anew. */
  readonly bytes: Buffer;
  /** How many bytes. */
  readonly size: number;
  readonly revision: number;
  /** The store has it as an older schema wanted it: even a write that changes nothing writes it anew. */
  readonly isOutdated?: true;
}

/** How one version of a kind shows what is stored in another. */
export interface Conversion {
  /**
   * The items in the version, in the same order: each the same for the same item, and the same list when all are in it already. Throws ApiError
   * when they cannot be converted.
   */
  shown(items: readonly Item<any>[]): readonly Item<any>[] | Promise<readonly Item<any>[]>;
}

/** What lists and watches give in one version. */
export type Versioned = Pick<ResourceCache<any>, "list" | "watch" | "events">;

export interface ItemChange<T extends ApiObject = ApiObject> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** For DELETED: the last state under the delete's resourceVersion. */
  readonly item: Item<T>;
  readonly previous: Item<T> | undefined;
}

export interface Subscription<T extends ApiObject = ApiObject> extends Disposable {
  readonly items: readonly Item<T>[];
  readonly resourceVersion: string;
}

export interface Selected {
  readonly namespace?: string;
  readonly labelSelector?: LabelSelector;
  /** Its fields are checked already: they are metadata.name, metadata.namespace or one of `resource.selectableFields`. */
  readonly fieldSelector?: FieldSelector;
}

/** The query parameters of LIST, as they came. */
export interface ListQuery extends Selected {
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: string;
  /** What cannot be read is left out. For those who delete nothing that they do not see; the server itself must start all the same. */
  readonly skipsUnreadable?: boolean;
}

export interface ListPage<T extends ApiObject = ApiObject> {
  /** The same array for the same whole list as long as nothing changes: what is made of it can be kept by it. Never change it. */
  readonly items: readonly Item<T>[];
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** The query parameters of WATCH, as they came. */
export interface WatchQuery extends Selected {
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: string;
  readonly sendInitialEvents?: boolean;
  readonly allowWatchBookmarks?: boolean;
}

/** Where a watch goes: an HTTP response, mostly. */
export interface WatchSink<T extends ApiObject = ApiObject> {
  /** Every batch costs it something: what is committed shortly after another commit may come a few milliseconds late, together. */
  readonly prefersBatches?: boolean;
  /**
   * Called once per commit for all that was selected from it, or from several in a row, in order. False: enough for now, `watch.resume()` will ask for
   * more. What happens meanwhile waits, up to a bound; who stays away for longer is ended.
   */
  deliver(batch: WatchBatch<T>): boolean;
  /** The watch is over and nothing more comes: too slow (no error: the client comes back from where it was), or for `error`. */
  end(error?: ApiError): void;
}

export interface WatchBatch<T extends ApiObject = ApiObject> {
  readonly events: readonly WatchEvent<T>[];
  /** The events as the wire has them, one JSON document a line. Made once for all watchers that want the same view of the same events. */
  frames(view?: View): Buffer;
}

export interface Watch {
  /** The sink can take more. */
  resume(): void;
  /** Sends a bookmark now, if the query allows bookmarks: upstream does before it ends a watch. */
  bookmark(): void;
  stop(): void;
}

/** Another way to show an object in watch events: a Table row, metadata only, another version. */
export interface View {
  /** Two views of one name make the same bytes. */
  readonly name: string;
  /** JSON of the object as shown; for a bookmark `object` has kind, apiVersion and metadata only. */
  encode(object: ApiObject, type: WatchEvent["type"]): string;
}
