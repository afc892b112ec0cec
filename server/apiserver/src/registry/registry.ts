/**
 * Which kinds are served, found by path or by kind. It starts from the list of `@knarr/kinds`; custom resources come and go while the
 * server runs, by `replace`.
 *
 * `groups` never changes: after a replacement it is another list, which shares with the one before all groups that stayed as they were.
 * So what is made of a list or of a group (discovery, OpenAPI) is kept by it, and is as new as it must be without being told.
 */

import type { Group } from "@knarr/kinds/group.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { byVersion } from "@knarr/machinery/version-order.ts";
import type { Caches } from "../cache/cache.ts";
import type { RegistryHooks } from "./hooks.ts";
import { Served } from "./served.ts";

export class Registry {
  readonly #builtIn: readonly Group[];
  #groups: readonly Group[];
  /** `group/version` → plural → kind. */
  readonly #byPath = new Map<string, Map<string, Served>>();
  readonly #byKind = new Map<string, Served>();
  readonly #listeners = new Set<() => void>();

  constructor(
    groups: readonly Group[],
    caches: Caches,
    hooks: (resource: Resource<any>) => RegistryHooks<any>,
  ) {
    this.#builtIn = groups;
    this.#groups = groups;
    for (const { group, version, resources, bodies = [] } of groups) {
      this.#byPath.set(`${group}/${version}`, new Map());
      for (const resource of resources) {
        const cache = isStored(resource) ? caches.of(resource) : undefined;
        this.#put(new Served(resource, cache, hooks(resource)));
      }
      for (const body of bodies)
        this.#byKind.set(`${group}/${version}/${body.kind}`, new Served(body, undefined));
    }
  }

  /** In the order of discovery: built-in groups, then custom ones by name; within a group the best version first. */
  get groups(): readonly Group[] {
    return this.#groups;
  }

  isBuiltIn(group: string, version: string): boolean {
    return this.#builtIn.some((one) => one.group === group && one.version === version);
  }

  /** Undefined when no such group and version is served. */
  in(group: string, version: string): ReadonlyMap<string, Served> | undefined {
    return this.#byPath.get(`${group}/${version}`);
  }

  hasGroup(group: string): boolean {
    return this.#groups.some((one) => one.group === group && one.resources.length > 0);
  }

  hasBuiltInGroup(group: string): boolean {
    return this.#builtIn.some((one) => one.group === group && one.resources.length > 0);
  }

  find(group: string, version: string, plural: string): Served | undefined {
    return this.in(group, version)?.get(plural);
  }

  findKind(group: string, version: string, kind: string): Served | undefined {
    return this.#byKind.get(`${group}/${version}/${kind}`);
  }

  /** Throws for a kind that is not served: callers name kinds that this server is built with. */
  kind(group: string, version: string, kind: string): Served {
    const served = this.findKind(group, version, kind);
    if (!served) throw new RangeError(`No kind ${kind} is served in ${group}/${version}`);
    return served;
  }

  of(resource: Resource<any>): Served {
    return this.kind(resource.group, resource.version, resource.kind);
  }

  /**
   * Serves `after` from now on instead of `before`, all at once. For custom resources: none of them may be in a group and version that
   * is built in.
   */
  replace(before: readonly Served[], after: readonly Served[]): void {
    for (const served of before) this.#take(served);
    for (const served of after) this.#put(served);
    const changed = new Set([...before, ...after].map(({ apiVersion }) => apiVersion));
    if (changed.size === 0) return;
    const custom = this.#groups.slice(this.#builtIn.length);
    const kept = custom.filter(({ group, version }) => !changed.has(`${group}/${version}`));
    const made = [...changed].flatMap((apiVersion) => this.#customGroup(apiVersion));
    this.#groups = [...this.#builtIn, ...[...kept, ...made].sort(byNameAndVersion)];
    for (const listener of this.#listeners) listener();
  }

  /** Is called after every replacement, synchronously. */
  subscribe(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  *[Symbol.iterator](): Iterator<Served> {
    for (const served of this.#byPath.values()) yield* served.values();
  }

  #put(served: Served): void {
    const { apiVersion, resource } = served;
    const path = resource.group ? apiVersion : `/${apiVersion}`;
    this.#byPath.getOrInsertComputed(path, () => new Map()).set(resource.plural, served);
    this.#byKind.set(`${path}/${resource.kind}`, served);
  }

  #take({ apiVersion, resource: { plural, kind } }: Served): void {
    const kinds = this.#byPath.get(apiVersion);
    kinds?.delete(plural);
    if (kinds?.size === 0) this.#byPath.delete(apiVersion);
    this.#byKind.delete(`${apiVersion}/${kind}`);
  }

  /** None when nothing is left of it. */
  #customGroup(apiVersion: string): Group[] {
    const [group = "", version = ""] = apiVersion.split("/");
    const resources = [...(this.#byPath.get(apiVersion)?.values() ?? [])].map(({ resource }) => resource);
    return resources.length > 0 ? [{ group, version, resources }] : [];
  }
}

function byNameAndVersion(a: Group, b: Group): number {
  if (a.group !== b.group) return a.group < b.group ? -1 : 1;
  return byVersion(a.version, b.version);
}

/** Reviews and bindings can be made and nothing else: they are answered, not kept. */
export function isStored({ verbs, isComputed }: Resource<any>): boolean {
  return !isComputed && (!verbs || verbs.includes("get"));
}
