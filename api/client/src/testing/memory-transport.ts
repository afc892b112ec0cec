/**
 * The smallest API server there can be, as a transport: objects in a Map, one rising resourceVersion, LIST and WATCH.
 *
 * For tests of what is below the real server. It knows no kinds: nothing is defaulted, validated, admitted or
 * authorized, every patch is a merge patch, and deletion only looks at finalizers. Tests of what a cluster does use
 * `@knarr/test-cluster`.
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
  /** Every request but LIST and WATCH, in order. */
  readonly requests: TransportRequest[] = [];
  /** Called before a request is handled; throw to make it fail. */
  fault: ((request: TransportRequest) => void) | undefined;
  readonly #objects = new Map<string, Map<string, ApiObject>>();
  #log: LoggedEvent[] = [];
  #revision = 1;
  #compacted = 0;
  #changed = Promise.withResolvers<void>();
  #watches = new AbortController();

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
      const news = this.#log.filter((e) => e.revision > seen && e.collection === collection);
      if (news.length === 0) {
        await this.#changed.promise;
        continue;
      }
      seen = news.at(-1)!.revision;
      const selected = news.filter(({ event }) => selects(selection)(event.object));
      if (selected.length > 0) yield selected.map(({ event }) => event as WatchEvent<T>);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.endWatches();
  }

  #handle({ method, path, body }: TransportRequest, target: Target): unknown {
    const { namespace, name, collection } = target;
    const objects = this.#of(collection);
    const groupResource = { group: "", resource: collection.split("/").at(-1)! };
    if (method === "POST" && name === undefined) return this.#create(target, body as ApiObject);
    const current = objects.get(namespace ? `${namespace}/${name}` : name!);
    if (!current) throw notFound(groupResource, name!);
    if (method === "GET") return current;
    if (method === "DELETE") return this.#delete(target, current, body as any);
    if (method === "PATCH") return this.#write(target, current, mergePatch(current, body) as ApiObject);
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
      this.#write(target, current, mergePatch(current, { spec: { nodeName } }) as ApiObject);
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
      creationTimestamp: new Date().toISOString(),
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
      for (const field in before) if (field !== "status") object[field] = structuredClone(before[field]);
    }
    if (object.metadata.deletionTimestamp && !object.metadata.finalizers?.length) {
      return this.#commit("DELETED", collection, object);
    }
    return this.#commit("MODIFIED", collection, object);
  }

  #delete(
    { collection }: Target,
    current: ApiObject,
    options?: { preconditions?: { uid?: string } },
  ): unknown {
    const uid = options?.preconditions?.uid;
    const groupResource = { group: "", resource: collection.split("/").at(-1)! };
    if (uid !== undefined && uid !== current.metadata.uid) {
      throw conflict(groupResource, current.metadata.name!, "Precondition failed");
    }
    const object = structuredClone(current);
    if (!object.metadata.finalizers?.length) {
      this.#commit("DELETED", collection, object);
      return { kind: "Status", status: "Success", details: { uid: object.metadata.uid } };
    }
    object.metadata.deletionTimestamp ??= new Date().toISOString();
    return this.#commit("MODIFIED", collection, object);
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
  const parts = path.split("/").slice(1);
  const root = parts.splice(0, parts[0] === "api" ? 2 : 3);
  const namespace = parts[0] === "namespaces" && parts.length > 2 ? parts.splice(0, 2)[1] : undefined;
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

function mergePatch(current: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const merged: Record<string, unknown> =
    typeof current === "object" && current !== null && !Array.isArray(current) ? { ...current } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete merged[field];
    else merged[field] = mergePatch(merged[field], value);
  }
  return merged;
}
