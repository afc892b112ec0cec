/** The custom kinds that are in the registry, each with its cache, by the name of its definition. */

import type { Caches, ResourceCache } from "../cache/cache.ts";
import type { Registry } from "../registry/registry.ts";
import type { Served } from "../registry/served.ts";
import type { CustomKind } from "./custom-kind.ts";

interface Entry {
  readonly kind: CustomKind;
  readonly served: readonly Served[];
  /** The version that is stored, whether or not it is one of those. */
  readonly stored: Served;
  /** Waits for the last instance to go. */
  waiting?: Disposable;
}

export class ServedKinds {
  readonly #registry: Registry;
  readonly #caches: Caches;
  readonly #entries = new Map<string, Entry>();

  constructor({ registry, caches }: { readonly registry: Registry; readonly caches: Caches }) {
    this.#registry = registry;
    this.#caches = caches;
  }

  stored(name: string): Served | undefined {
    return this.#entries.get(name)?.stored;
  }

  /** Serves `kind` instead of what was served by that name. Does nothing when it is the same. */
  async serve(name: string, kind: CustomKind): Promise<void> {
    const before = this.#entries.get(name);
    if (before?.kind.signature === kind.signature) return;
    if (!before) await this.#caches.add([kind.stored]);
    else if (before.kind.schemaSignature !== kind.schemaSignature) await this.#caches.reload(kind.stored);
    const cache = this.#caches.of(kind.stored) as ResourceCache;
    const served = kind
      .served(cache)
      .filter(({ resource }) => !this.#registry.isBuiltIn(resource.group, resource.version));
    this.#registry.replace(before?.served ?? [], served);
    const stored = served.find(({ resource }) => resource === kind.stored) ?? kind.storedOver(cache);
    before?.waiting?.[Symbol.dispose]();
    this.#entries.set(name, { kind, served, stored });
  }

  /** Its watches end; what it has in the store stays there. */
  withdraw(name: string): void {
    const entry = this.#entries.get(name);
    if (!entry) return;
    entry.waiting?.[Symbol.dispose]();
    this.#registry.replace(entry.served, []);
    this.#caches.remove(entry.kind.stored);
    this.#entries.delete(name);
  }

  /** Calls `then` once, when the last instance has gone. */
  whenEmpty(name: string, then: () => void): void {
    const entry = this.#entries.get(name);
    if (!entry || entry.waiting) return;
    const { cache } = entry.stored;
    entry.waiting = cache.subscribe(() => {
      if (cache.size > 0) return;
      entry.waiting?.[Symbol.dispose]();
      delete entry.waiting;
      then();
    });
  }
}
