/**
 * The smallest API server there can be, as a transport: objects in a Map, one rising resourceVersion, LIST and WATCH.
 *
 * For tests of what is below the real server. It knows kinds only by name: nothing is defaulted, validated, admitted or
 * authorized, a strategic merge patch knows two lists (owners and conditions), and deletion looks at finalizers and propagation
 * only. Tests of what a cluster does use `@knarr/test-cluster`.
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import { keyOf, type ApiObject, type ListOf } from "@knarr/machinery/object.ts";
import {
  alreadyExists,
  ApiError,
  conflict,
  expired,
  notFound,
  OBJECT_MODIFIED,
} from "@knarr/machinery/status.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { realClock, type Clock } from "@knarr/std/clock.ts";
import { deepFreeze } from "@knarr/std/freeze.ts";
import { collectionPath } from "../paths.ts";
import type { Selection, Transport, TransportAnswer, TransportRequest, WatchEvent } from "../transport.ts";

interface LoggedEvent {
  readonly revision: number;
  readonly collection: string;
  readonly event: WatchEvent & { readonly object: ApiObject };
}

interface Target {
  /** Path of the collection over all namespaces: what identifies a kind here. */
  readonly collection: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

export class MemoryTransport implements Transport {
  readonly #serves: readonly Resource<any>[];
  /** Every request but LIST and WATCH, in order. */
  readonly requests: TransportRequest[] = [];
  /** Called before a request is handled; throw to make it fail. */
  fault: ((request: TransportRequest) => void) | undefined;
  readonly #objects = new Map<string, Map<string, ApiObject>>();
  readonly #clock: Clock;
  #log: LoggedEvent[] = [];
  #revision = 1;
  #compacted = 0;
  #changed = Promise.withResolvers<void>();
  #watches = new AbortController();

  /** `serves`: the kinds that discovery shows. */
  constructor({
    serves = [],
    clock = realClock,
  }: { readonly serves?: readonly Resource<any>[]; readonly clock?: Clock } = {}) {
    this.#serves = serves;
    this.#clock = clock;
  }

  /** Watches from before now answer 410 from now on, and those under way end. */
  forgetHistory(): void {
    this.#compacted = this.#revision;
    this.#log = [];
    this.endWatches();
  }

  /** Ends all watches under way, as a server that restarts does. */
  endWatches(): void {
    this.#watches.abort();
    this.#watches = new AbortController();
    this.#tell();
  }

  async request(request: TransportRequest): Promise<TransportAnswer> {
    request.signal?.throwIfAborted();
    this.requests.push(request);
    this.fault?.(request);
    if (request.path === "/api" || request.path === "/apis") {
      return { code: 200, body: this.#discovery(request.path), warnings: [] };
    }
    const target = parsePath(request.path);
    const body = this.#handle(request, target);
    return { code: request.method === "POST" ? 201 : 200, body, warnings: [] };
  }

  async list<T extends ApiObject>(resource: Resource<T>, selection: Selection): Promise<ListOf<T>> {
    this.fault?.({ method: "GET", path: collectionPath(resource, selection.namespace) });
    const items = [...this.#of(collectionPath(resource)).values()].filter(selects(selection)) as T[];
    return { metadata: { resourceVersion: String(this.#revision) }, items };
  }

  async *watch<T extends ApiObject>(
    resource: Resource<T>,
    selection: Selection,
    resourceVersion: string,
    signal: AbortSignal,
  ): AsyncGenerator<readonly WatchEvent<T>[]> {
    let seen = Number(resourceVersion);
    if (seen < this.#compacted) throw expired(`too old resource version: ${seen} (${this.#compacted})`);
    const collection = collectionPath(resource);
    const ends = AbortSignal.any([signal, this.#watches.signal]);
    ends.addEventListener("abort", () => this.#tell(), { once: true });
    while (!ends.aborted) {
      const news = this.#log.slice(this.#log.findLastIndex(({ revision }) => revision <= seen) + 1);
      if (news.length === 0) {
        await this.#changed.promise;
        continue;
      }
      seen = news.at(-1)!.revision;
      const isSelected = selects(selection);
      const selected = news.filter((e) => e.collection === collection && isSelected(e.event.object));
      if (selected.length > 0) yield selected.map(({ event }) => event as WatchEvent<T>);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.endWatches();
  }

  #handle({ method, path, body, contentType }: TransportRequest, target: Target): unknown {
    const { namespace, name, collection } = target;
    const objects = this.#of(collection);
    const groupResource = { group: "", resource: collection.split("/").at(-1)! };
    if (method === "POST" && name === undefined) return this.#create(target, body as ApiObject);
    const current = objects.get(namespace ? `${namespace}/${name}` : name!);
    if (!current) throw notFound(groupResource, name!);
    if (method === "GET") return current;
    if (method === "DELETE") return this.#delete(target, current, body as any);
    if (method === "PATCH") {
      const patch = body as ApiObject;
      const { resourceVersion, uid } = patch.metadata ?? {};
      if (uid !== undefined && uid !== current.metadata.uid)
        throw conflict(groupResource, name!, "uid mismatch");
      if (resourceVersion !== undefined && resourceVersion !== current.metadata.resourceVersion) {
        throw conflict(groupResource, name!, OBJECT_MODIFIED);
      }
      const merge = contentType === "application/strategic-merge-patch+json" ? strategicPatch : mergePatch;
      return this.#write(target, current, merge(current, patch, "") as ApiObject);
    }
    if (method === "PUT") {
      const next = body as ApiObject;
      const { resourceVersion } = next.metadata;
      if (resourceVersion && resourceVersion !== current.metadata.resourceVersion) {
        throw conflict(groupResource, name!, OBJECT_MODIFIED);
      }
      return this.#write(target, current, next);
    }
    if (target.subresource === "binding") {
      const nodeName = (body as { target: { name: string } }).target.name;
      this.#write(target, current, mergePatch(current, { spec: { nodeName } }, "") as ApiObject);
      return { kind: "Status", status: "Success" };
    }
    throw new ApiError("NotFound", `${method} ${path} is not known to MemoryTransport`);
  }

  #create({ collection, namespace }: Target, given: ApiObject): ApiObject {
    const { generateName, name = `${generateName}${this.#revision}` } = given.metadata;
    const object = structuredClone(given);
    object.metadata = {
      ...object.metadata,
      name,
      ...(namespace && { namespace }),
      uid: `uid-${this.#revision}`,
      generation: 1,
      creationTimestamp: given.metadata.creationTimestamp ?? formatTime(this.#clock.now()),
    };
    if (this.#of(collection).has(keyOf(object))) {
      throw alreadyExists({ group: "", resource: collection.split("/").at(-1)! }, name);
    }
    return this.#commit("ADDED", collection, object);
  }

  #write({ collection, subresource }: Target, current: ApiObject, given: ApiObject): ApiObject {
    const object: any = structuredClone(given);
    const before: any = current;
    object.metadata.uid = current.metadata.uid;
    if (subresource === "status") {
      for (const field in before)
        if (field !== "status" && field !== "metadata") object[field] = structuredClone(before[field]);
    }
    const isChanged = JSON.stringify(object.spec) !== JSON.stringify(before.spec);
    object.metadata.generation = (before.metadata.generation ?? 0) + (isChanged ? 1 : 0);
    if (object.metadata.deletionTimestamp && !isHeld(object)) {
      return this.#commit("DELETED", collection, object);
    }
    return this.#commit("MODIFIED", collection, object);
  }

  #delete({ collection }: Target, current: ApiObject, options: DeleteBody = {}): unknown {
    const { uid, resourceVersion } = options.preconditions ?? {};
    const groupResource = { group: "", resource: collection.split("/").at(-1)! };
    if (
      (uid !== undefined && uid !== current.metadata.uid) ||
      (resourceVersion !== undefined && resourceVersion !== current.metadata.resourceVersion)
    ) {
      throw conflict(groupResource, current.metadata.name!, "Precondition failed");
    }
    const object = structuredClone(current);
    const finalizer = propagationFinalizers[options.propagationPolicy ?? "Background"];
    if (finalizer && !object.metadata.finalizers?.includes(finalizer)) {
      object.metadata.finalizers = [...(object.metadata.finalizers ?? []), finalizer];
    }
    if (!isHeld(object)) {
      this.#commit("DELETED", collection, object);
      return { kind: "Status", status: "Success", details: { uid: object.metadata.uid } };
    }
    object.metadata.deletionTimestamp ??= formatTime(this.#clock.now());
    return this.#commit("MODIFIED", collection, object);
  }

  /** Aggregated discovery of one half of the API. */
  #discovery(root: "/api" | "/apis"): unknown {
    const served = this.#serves.filter(({ group }) => (group === "") === (root === "/api"));
    const items = [...new Set(served.map(({ group }) => group))].map((group) => ({
      metadata: { name: group },
      versions: [...new Set(served.filter((r) => r.group === group).map((r) => r.version))].map(
        (version) => ({
          version,
          resources: served
            .filter((r) => r.group === group && r.version === version)
            .map(({ plural, kind, scope }) => ({
              resource: plural,
              responseKind: { kind },
              scope: scope === "Namespaced" ? "Namespaced" : "Cluster",
              verbs: ["get", "list", "watch", "create", "update", "patch", "delete"],
            })),
        }),
      ),
    }));
    return { kind: "APIGroupDiscoveryList", items };
  }

  #commit(type: "ADDED" | "MODIFIED" | "DELETED", collection: string, object: ApiObject): ApiObject {
    const revision = ++this.#revision;
    object.metadata.resourceVersion = String(revision);
    deepFreeze(object);
    if (type === "DELETED") this.#of(collection).delete(keyOf(object));
    else this.#of(collection).set(keyOf(object), object);
    this.#log.push({ revision, collection, event: { type, object } });
    this.#tell();
    return object;
  }

  #of(collection: string): Map<string, ApiObject> {
    let objects = this.#objects.get(collection);
    if (!objects) this.#objects.set(collection, (objects = new Map()));
    return objects;
  }

  #tell(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers();
    resolve();
  }
}

/** `/api/v1/namespaces/default/pods/web/status` */
function parsePath(path: string): Target {
  const parts = path.split("/").slice(1).map(decodeURIComponent);
  const root = parts.splice(0, parts[0] === "api" ? 2 : 3);
  const isOfNamespace = parts.length === 3 && (parts[2] === "status" || parts[2] === "finalize");
  const isInNamespace = parts[0] === "namespaces" && parts.length > 2 && !isOfNamespace;
  const namespace = isInNamespace ? parts.splice(0, 2)[1] : undefined;
  const [plural, name, subresource] = parts;
  return { collection: `/${[...root, plural].join("/")}`, namespace, name, subresource };
}

function selects({ namespace, labelSelector, fieldSelector }: Selection): (object: ApiObject) => boolean {
  const pairs = (text = "") =>
    text
      .split(",")
      .filter(Boolean)
      .map((pair) => pair.split("="));
  return (object) =>
    (!namespace || object.metadata.namespace === namespace) &&
    pairs(labelSelector).every(([label, value]) => object.metadata.labels?.[label!] === value) &&
    pairs(fieldSelector).every(
      ([path, value]) => path!.split(".").reduce((at: any, step) => at?.[step], object) === value,
    );
}

function mergePatch(current: unknown, patch: unknown, _field: string): unknown {
  return merged(current, patch, mergePatch);
}

/** As a merge patch, but for two lists whose items have a key. */
function strategicPatch(current: unknown, patch: unknown, field: string): unknown {
  const key = mergeKeys[field];
  if (!key || !Array.isArray(patch)) return merged(current, patch, strategicPatch);
  const items: any[] = Array.isArray(current) ? [...current] : [];
  for (const item of patch) {
    const at = items.findIndex((other) => other[key] === item[key]);
    if (item.$patch === "delete") items.splice(at, at < 0 ? 0 : 1);
    else if (at < 0) items.push(item);
    else items[at] = merged(items[at], item, strategicPatch);
  }
  return items;
}

function merged(
  current: unknown,
  patch: unknown,
  merge: (current: unknown, patch: unknown, field: string) => unknown,
): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> =
    typeof current === "object" && current !== null && !Array.isArray(current) ? { ...current } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete result[field];
    else result[field] = merge(result[field], value, field);
  }
  return result;
}

/** By finalizers of its own, or those in the spec of a namespace. */
function isHeld(
  object: ApiObject & { readonly spec?: { readonly finalizers?: readonly string[] } },
): boolean {
  return !!object.metadata.finalizers?.length || !!object.spec?.finalizers?.length;
}

const mergeKeys: Readonly<Record<string, string>> = { ownerReferences: "uid", conditions: "type" };

interface DeleteBody {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly propagationPolicy?: string;
}

const propagationFinalizers: Readonly<Record<string, string>> = {
  Foreground: "foregroundDeletion",
  Orphan: "orphan",
};
