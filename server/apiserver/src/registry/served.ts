/**
 * A kind as it is served: its declaration with everything that requests need again and again, made once.
 */

import type { Resource, Verb } from "@knarr/kinds/resource.ts";
import { groupResource, schemaOf } from "@knarr/kinds/resource.ts";
import type { ExpectedKind } from "@knarr/machinery/decode/decode.ts";
import { copyJson } from "@knarr/machinery/patch/copy.ts";
import { groupVersion, type ApiObject } from "@knarr/machinery/object.ts";
import type { GroupResource } from "@knarr/machinery/status.ts";
import type { Item, ResourceCache } from "../cache/cache.ts";
import type { RegistryHooks } from "./hooks.ts";

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
  readonly #cache: ResourceCache<any> | undefined;

  constructor(resource: Resource<T>, cache: ResourceCache<any> | undefined, hooks: RegistryHooks<T> = {}) {
    this.resource = resource;
    this.#cache = cache;
    this.hooks = hooks;
    const { group, version, kind, scope, verbs } = resource;
    this.expected = { group, version, kind, schema: schemaOf(resource) };
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

  /** The object of `item` in this version. Frozen when it is the stored one. */
  shown(item: Item<any>): T {
    const { stored } = this.resource;
    return stored ? stored.fromHub(copyJson(item.object)) : item.object;
  }

  /** What is stored for `object`, which is used up. */
  storedForm(object: T): any {
    const { stored } = this.resource;
    return stored ? stored.toHub(object) : object;
  }

  /** JSON of the object in this version. */
  bytesOf(item: Item<any>): Buffer {
    return this.resource.stored ? Buffer.from(JSON.stringify(this.shown(item))) : item.bytes;
  }
}
