/**
 * What the nftables table should hold, as data, and the way from what it holds to that, as text for `nft -f -`.
 *
 * The table is the sum of fragments, one per Service and one per pod with host ports. A change replaces one fragment;
 * `take` gives the difference for the kernel in one transaction: packets see the old rules or the new, never half. The
 * kernel's table is never read back.
 *
 * Fragments own their chains and sets alone, but may claim the same element of a shared map (two Services with one external
 * address and port). The first claim stands until its fragment lets go:
 *
 *     replace("a", { elements: { services: { K: "goto svc-a" } } })   take → add K : goto svc-a
 *     replace("b", { elements: { services: { K: "goto svc-b" } } })   take → (nothing)
 *     replace("a", nothing)                                           take → delete K, add K : goto svc-b
 */

export const TABLE = "ip knarr";

export interface Fragment {
  /** Sets of the fragment's own, name → declaration (`type ipv4_addr; flags dynamic,timeout; …`). */
  readonly sets?: ReadonlyMap<string, string>;
  /** Chain name → rules, in order. */
  readonly chains?: ReadonlyMap<string, readonly string[]>;
  /** Elements put into the table's maps and sets: map name → key → value (`""` in a set). */
  readonly elements?: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

export const nothing: Fragment = {};

export interface Difference {
  /** To load now; empty when nothing changed. */
  readonly script: string;
  /** What nothing reaches any more. Kernels before 6.2 may refuse to delete it in the same transaction: load it a second later. */
  readonly stale: string;
}

export class Ruleset {
  readonly #wanted = new Map<string, Fragment>();
  readonly #loaded = new Map<string, Fragment>();
  readonly #dirty = new Set<string>();
  /** Map name → key → owner → value. The first owner's value is the one that counts. */
  readonly #claims = new Map<string, Map<string, Map<string, string>>>();
  /** Elements that may differ from the kernel's, with what the kernel has. */
  readonly #touched = new Map<string, Map<string, string | undefined>>();

  /** From now on, `owner` contributes `fragment` and nothing else. */
  replace(owner: string, fragment: Fragment): void {
    const before = this.#wanted.get(owner) ?? nothing;
    if (fragment === nothing) this.#wanted.delete(owner);
    else this.#wanted.set(owner, fragment);
    this.#dirty.add(owner);
    for (const [map, keys] of fragment.elements ?? []) {
      for (const [key, value] of keys) {
        if (before.elements?.get(map)?.get(key) === value) continue;
        this.#touch(map, key);
        this.#claimsOf(map, key).set(owner, value);
      }
    }
    for (const [map, keys] of before.elements ?? []) {
      for (const key of keys.keys()) {
        if (fragment.elements?.get(map)?.has(key)) continue;
        this.#touch(map, key);
        const claims = this.#claimsOf(map, key);
        claims.delete(owner);
        if (claims.size === 0) this.#claims.get(map)!.delete(key);
      }
    }
  }

  owners(): IterableIterator<string> {
    return this.#wanted.keys();
  }

  /** The way from what was taken last to what is wanted now. */
  take(): Difference {
    const chains: string[] = [];
    const rules: string[] = [];
    const flushed: string[] = [];
    const stale: string[] = [];
    for (const owner of this.#dirty) {
      const before = this.#loaded.get(owner) ?? nothing;
      const after = this.#wanted.get(owner) ?? nothing;
      ownParts(before, after, { chains, rules, flushed, stale });
      if (after === nothing) this.#loaded.delete(owner);
      else this.#loaded.set(owner, after);
    }
    this.#dirty.clear();
    const { removed, added } = this.#elements();
    // Chains exist before a rule or an element names them, and lose their rules only when no element leads there.
    return { script: lines([...chains, ...removed, ...rules, ...added, ...flushed]), stale: lines(stale) };
  }

  /** Everything that is wanted, as if nothing were loaded: after the table was made anew. */
  takeAll(): Difference {
    this.#loaded.clear();
    this.#touched.clear();
    for (const owner of this.#wanted.keys()) this.#dirty.add(owner);
    for (const [map, keys] of this.#claims)
      for (const key of keys.keys()) this.#touchedOf(map).set(key, undefined);
    return this.take();
  }

  #elements(): { removed: string[]; added: string[] } {
    const removed: string[] = [];
    const added: string[] = [];
    for (const [map, keys] of this.#touched) {
      const gone: string[] = [];
      const fresh: string[] = [];
      for (const [key, before] of keys) {
        const now = this.#current(map, key);
        if (now === before) continue;
        if (before !== undefined) gone.push(key);
        if (now !== undefined) fresh.push(now ? `${key} : ${now}` : key);
      }
      if (gone.length) removed.push(`delete element ${TABLE} ${map} { ${gone.join(", ")} }`);
      if (fresh.length) added.push(`add element ${TABLE} ${map} { ${fresh.join(", ")} }`);
    }
    this.#touched.clear();
    return { removed, added };
  }

  #touch(map: string, key: string): void {
    const touched = this.#touchedOf(map);
    if (!touched.has(key)) touched.set(key, this.#current(map, key));
  }

  #touchedOf(map: string): Map<string, string | undefined> {
    return this.#touched.getOrInsertComputed(map, () => new Map());
  }

  #current(map: string, key: string): string | undefined {
    return this.#claims.get(map)?.get(key)?.values().next().value;
  }

  #claimsOf(map: string, key: string): Map<string, string> {
    return this.#claims.getOrInsertComputed(map, () => new Map()).getOrInsertComputed(key, () => new Map());
  }
}

interface Parts {
  readonly chains: string[];
  readonly rules: string[];
  readonly flushed: string[];
  readonly stale: string[];
}

/** Chains and sets, which belong to one fragment alone. */
function ownParts(before: Fragment, after: Fragment, { chains, rules, flushed, stale }: Parts): void {
  for (const [name, declaration] of after.sets ?? []) {
    if (!before.sets?.has(name)) chains.push(`add set ${TABLE} ${name} { ${declaration} }`);
  }
  for (const [name, wanted] of after.chains ?? []) {
    const old = before.chains?.get(name);
    if (old && same(old, wanted)) continue;
    chains.push(`add chain ${TABLE} ${name}`, `flush chain ${TABLE} ${name}`);
    for (const rule of wanted) rules.push(`add rule ${TABLE} ${name} ${rule}`);
  }
  for (const name of before.chains?.keys() ?? []) {
    if (after.chains?.has(name)) continue;
    flushed.push(`flush chain ${TABLE} ${name}`);
    stale.push(`delete chain ${TABLE} ${name}`);
  }
  for (const name of before.sets?.keys() ?? []) {
    if (!after.sets?.has(name)) stale.push(`delete set ${TABLE} ${name}`);
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, i) => line === b[i]);
}

function lines(commands: readonly string[]): string {
  return commands.map((command) => `${command}\n`).join("");
}
