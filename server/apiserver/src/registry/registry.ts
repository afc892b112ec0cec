/**
 * Which kinds are served, found by path or by kind. It starts from the list of `@knarr/kinds`; custom resources will come and go.
 */

import type { Group } from "@knarr/kinds/group.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import type { Caches } from "../cache/cache.ts";
import type { RegistryHooks } from "./hooks.ts";
import { Served } from "./served.ts";

export class Registry {
  readonly groups: readonly Group[];
  /** `group/version` → plural → kind. */
  readonly #byPath = new Map<string, Map<string, Served>>();
  readonly #byKind = new Map<string, Served>();

  constructor(
    groups: readonly Group[],
    caches: Caches,
    hooks: (resource: Resource<any>) => RegistryHooks<any>,
  ) {
    this.groups = groups;
    for (const group of groups) {
      const served = new Map<string, Served>();
      for (const resource of group.resources) {
        const kind = new Served(
          resource,
          isStored(resource) ? caches.of(resource) : undefined,
          hooks(resource),
        );
        served.set(resource.plural, kind);
        this.#byKind.set(`${group.group}/${group.version}/${resource.kind}`, kind);
      }
      this.#byPath.set(`${group.group}/${group.version}`, served);
      for (const body of group.bodies ?? []) {
        this.#byKind.set(`${group.group}/${group.version}/${body.kind}`, new Served(body, undefined));
      }
    }
  }

  /** Undefined when no such group and version is served. */
  in(group: string, version: string): ReadonlyMap<string, Served> | undefined {
    return this.#byPath.get(`${group}/${version}`);
  }

  hasGroup(group: string): boolean {
    return this.groups.some((one) => one.group === group && one.resources.length > 0);
  }

  find(group: string, version: string, plural: string): Served | undefined {
    return this.in(group, version)?.get(plural);
  }

  /** Throws for a kind that is not served: callers name kinds that this server is built with. */
  kind(group: string, version: string, kind: string): Served {
    const served = this.#byKind.get(`${group}/${version}/${kind}`);
    if (!served) throw new RangeError(`No kind ${kind} is served in ${group}/${version}`);
    return served;
  }

  of(resource: Resource<any>): Served {
    return this.kind(resource.group, resource.version, resource.kind);
  }

  *[Symbol.iterator](): Iterator<Served> {
    for (const served of this.#byPath.values()) yield* served.values();
  }
}

/** Reviews and bindings can be made and nothing else: they are answered, not kept. */
export function isStored({ verbs }: Resource<any>): boolean {
  return !verbs || verbs.includes("get");
}
