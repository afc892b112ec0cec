/**
 * The API servers behind ours, as the APIServices name them now. One that is reached or trusted otherwise is another one; what is under way
 * with the former goes on to its end.
 */

import type { APIService } from "@knarr/kinds/generated/apiregistration-v1.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { ResourceCache } from "../cache/cache.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import { Remote, type RemoteOptions } from "./remote.ts";

export class Remotes implements Disposable {
  readonly #options: RemoteOptions;
  /** By the name of the APIService, `<version>.<group>`. */
  readonly #byName = new Map<string, { readonly remote: Remote; readonly way: object }>();
  readonly #subscription: Disposable;

  constructor(cache: ResourceCache<APIService>, options: RemoteOptions) {
    this.#options = options;
    const { items, ...subscription } = cache.subscribe((changes) => {
      for (const { type, item } of changes) {
        if (type === "DELETED") this.#forget(item.key);
        else this.#take(item.object);
      }
    });
    this.#subscription = subscription;
    for (const { object } of items) this.#take(object);
  }

  get(name: string): Remote | undefined {
    return this.#byName.get(name)?.remote;
  }

  /** Who answers the request instead of us; undefined for most. */
  of({ route }: ApiRequest): Remote | undefined {
    if (this.#byName.size === 0) return undefined;
    if (route.isResource) return this.get(`${route.version}.${route.group}`);
    const [root, group, version] = route.path.split("/").filter(Boolean);
    if (root === "apis" && version !== undefined) return this.get(`${version}.${group}`);
    return root === "api" ? this.get("v1.") : undefined;
  }

  [Symbol.iterator](): Iterator<Remote> {
    return [...this.#byName.values()].map(({ remote }) => remote)[Symbol.iterator]();
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
    for (const { remote } of this.#byName.values()) remote[Symbol.dispose]();
    this.#byName.clear();
  }

  #take(service: APIService): void {
    const name = service.metadata.name!;
    const { service: reference, caBundle, insecureSkipTLSVerify } = service.spec ?? {};
    const way = { reference, caBundle, insecureSkipTLSVerify };
    if (!semanticEqual(way, this.#byName.get(name)?.way)) this.#forget(name);
    if (!reference) return;
    const make = () => ({ remote: new Remote(service, this.#options), way });
    this.#byName.getOrInsertComputed(name, make).remote.isAvailable = isAvailable(service);
  }

  #forget(name: string): void {
    this.#byName.get(name)?.remote.retire();
    this.#byName.delete(name);
  }
}

export function isAvailable({ status }: APIService): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === "Available" && is === "True") ?? false;
}
