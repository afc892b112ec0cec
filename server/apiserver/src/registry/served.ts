/**
 * A kind as it is served in one version: its declaration with everything that requests need again and again, made once; and what
 * stands between this version and the stored one.
 */

import type { Resource, Verb } from "@knarr/kinds/resource.ts";
import { groupResource, schemaOf } from "@knarr/kinds/resource.ts";
import type { ExpectedKind } from "@knarr/machinery/decode/decode.ts";
import type { VersionedStates } from "@knarr/machinery/patch/track-update.ts";
import { copyJson } from "@knarr/machinery/patch/copy.ts";
import { groupVersion, type ApiObject } from "@knarr/machinery/object.ts";
import type { GroupResource } from "@knarr/machinery/status.ts";
import type { WatchEvent } from "@knarr/client/transport.ts";
import type {
  Conversion,
  Item,
  ListPage,
  ListQuery,
  ResourceCache,
  Versioned,
  Watch,
  WatchQuery,
  WatchSink,
} from "../cache/cache.ts";
import { ConvertedItem } from "./converted-item.ts";
import type { RegistryHooks } from "./hooks.ts";

/** Between a version of a custom kind and what is stored, which may be in any other. May ask a webhook. */
export interface StoredConversion extends Conversion {
  /** What is stored for `object`, which is used up. */
  storedForm(object: any): any | Promise<any>;
  /** `object` as it would come back from the store; it is used up. */
  roundTrip(object: any): any | Promise<any>;
  /** `object`, of any version, in this one, with all that this one does not know of it: as admission sees it. A new object. */
  unpruned(object: any): any | Promise<any>;
  /** What `work` gives, with both states of a write in versions in which somebody owns fields. `work` is called again when one is missing. */
  withVersions<T>(work: (inVersion: InVersion) => T): Promise<T>;
}

/** Both states of a write in another version; undefined when there is no such version. */
export type InVersion = (apiVersion: string, states: VersionedStates) => VersionedStates | undefined;

const ALL_VERBS: readonly Verb[] = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
];

export class Served<T extends ApiObject = any> {
  readonly resource: Resource<T>;
  readonly expected: ExpectedKind;
  readonly groupResource: GroupResource;
  readonly apiVersion: string;
  /** The kind that findings are about: that of storage, as upstream validates it. */
  readonly shownAs: { readonly group: string; readonly kind: string };
  readonly listKind: string;
  readonly namespaced: boolean;
  readonly verbs: ReadonlySet<string>;
  readonly hooks: RegistryHooks<T>;
  /** What every request for the kind is warned of. */
  readonly deprecation: string | undefined;
  /** How the JSON of every stored object begins: what lists leave out of their items. */
  readonly typeMeta: Buffer;
  /** A CustomResourceDefinition has brought it. */
  readonly isCustom: boolean;
  /** For custom kinds. */
  readonly conversion: StoredConversion | undefined;
  readonly #cache: ResourceCache<any> | undefined;
  readonly #versioned: Versioned | undefined;

  constructor(
    resource: Resource<T>,
    cache: ResourceCache<any> | undefined,
    hooks: RegistryHooks<T> = {},
    conversion?: StoredConversion,
  ) {
    this.resource = resource;
    this.#cache = cache;
    this.hooks = hooks;
    this.conversion = conversion;
    this.#versioned = conversion && cache?.inVersion(resource, conversion);
    this.isCustom = resource.published !== undefined && !resource.isComputed;
    const { group, version, kind, scope, verbs, custom } = resource;
    this.expected = { group, version, kind, schema: schemaOf(resource), ...(custom && { custom }) };
    this.groupResource = groupResource(resource);
    this.apiVersion = groupVersion(resource);
    this.shownAs = resource.stored?.as ?? resource;
    this.deprecation = resource.deprecation;
    this.listKind = resource.listKind ?? `${kind}List`;
    this.namespaced = scope === "Namespaced";
    this.verbs = new Set(verbs ?? ALL_VERBS);
    this.typeMeta = Buffer.from(`{"kind":"${kind}","apiVersion":"${this.apiVersion}",`);
  }

  /** Reviews are not stored and have none: never ask for theirs. */
  get cache(): ResourceCache<any> {
    if (!this.#cache) throw new Error(`${this.resource.kind} is not stored`);
    return this.#cache;
  }

  get isStored(): boolean {
    return this.#cache !== undefined;
  }

  keyOf(namespace: string, name: string): string {
    return this.namespaced ? `${namespace}/${name}` : name;
  }

  /** `item` in this version: the same one, with the bytes that clients get, where nothing has to be converted. */
  inVersion(item: Item<any>): Item<T> | Promise<Item<T>> {
    if (!this.conversion) return this.#fromHub(item);
    const shown = this.conversion.shown([item]);
    return shown instanceof Promise ? shown.then(([one]) => one!) : (shown[0]! as Item<T>);
  }

  /** What is stored for `object`, which is used up. */
  storedForm(object: T): any | Promise<any> {
    const { stored } = this.resource;
    return this.conversion?.storedForm(object) ?? (stored ? stored.toHub(object) : object);
  }

  /** What a dry run answers: `object` as it would be stored and read again. */
  roundTrip(object: T): T | Promise<T> {
    return this.conversion ? this.conversion.roundTrip(object) : object;
  }

  /** `object`, as another version of the kind has it, in this one: a new object, that its own may be made of again. */
  converted(object: any, from: Served): any | Promise<any> {
    if (this.conversion) return this.conversion.unpruned(object);
    const copy = copyJson(object);
    const hub = from.resource.stored ? from.resource.stored.toHub(copy) : copy;
    return this.resource.stored ? this.resource.stored.fromHub(hub) : hub;
  }

  /** As `cache.list`, in this version. */
  async list(query?: ListQuery): Promise<ListPage<T>> {
    if (this.#versioned) return this.#versioned.list(query);
    const page = await this.cache.list(query);
    return this.resource.stored ? { ...page, items: page.items.map((item) => this.#fromHub(item)) } : page;
  }

  /** As `cache.watch`, in this version; of a built-in version that is not the stored one, in the stored one. */
  watch(query: WatchQuery, sink: WatchSink<any>): Promise<Watch> {
    return (this.#versioned ?? this.cache).watch(query, sink);
  }

  /** The same for code in this process. */
  events(query: WatchQuery, signal: AbortSignal): AsyncIterable<readonly WatchEvent<T>[]> {
    return (this.#versioned ?? this.cache).events(query, signal);
  }

  #fromHub(item: Item<any>): Item<T> {
    const { stored } = this.resource;
    return stored ? new ConvertedItem<T>(item, stored.fromHub(copyJson(item.object))) : item;
  }
}
