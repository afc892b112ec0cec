/** Maps: of values at hand, of plain JSON, and the one that folds grow. */

import { jsonValue } from "./json.ts";
import { Double, Failure, MapValue, smallInt, Uint, type CelValue, type Outcome } from "./values.ts";
import { show } from "./show.ts";

/** Keys that are equal as values (`1` and `1u` are; `1` and `"1"` are not) find the same entry. */
type Slot = string | number | bigint | boolean;

/** Of values at hand, in the order they were put in. */
export class EntryMap extends MapValue {
  readonly #entries = new Map<Slot, { readonly key: CelValue; readonly value: CelValue }>();

  constructor(entries: Iterable<readonly [CelValue, CelValue]> = []) {
    super();
    for (const [key, value] of entries) this.set(key, value);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** For who makes the map, before anyone sees it. Keys are those that `isKey` takes. */
  set(key: CelValue, value: CelValue): void {
    this.#entries.set(exactSlot(key), { key, value });
  }

  delete(key: CelValue): void {
    this.#entries.delete(exactSlot(key));
  }

  find(key: CelValue): CelValue | undefined {
    if (!isKey(key)) return undefined;
    const found = this.#entries.get(exactSlot(key));
    if (found) return found.value;
    for (const slot of otherSlots(key)) {
      const other = this.#entries.get(slot);
      if (other) return other.value;
    }
    return undefined;
  }

  *keys(): Iterable<CelValue> {
    for (const { key } of this.#entries.values()) yield key;
  }
}

/** The accumulator of a fold that started empty: a key can be put in once. */
export class GrowingMap extends EntryMap {
  insert(key: CelValue, value: CelValue): Outcome {
    if (this.find(key) !== undefined) {
      return new Failure(`insert failed: key ${show(key)} already exists`);
    }
    this.set(key, value);
    return this;
  }
}

/** An object of plain JSON that nothing more is known of. */
export class JsonMap extends MapValue {
  readonly raw: Readonly<Record<string, unknown>>;
  #keys: readonly string[] | undefined;

  constructor(raw: Readonly<Record<string, unknown>>) {
    super();
    this.raw = raw;
  }

  get size(): number {
    return this.keys().length;
  }

  find(key: CelValue): Outcome | undefined {
    if (typeof key !== "string" || !Object.hasOwn(this.raw, key)) return undefined;
    const value = this.raw[key];
    return value === undefined ? undefined : jsonValue(value);
  }

  keys(): readonly string[] {
    return (this.#keys ??= Object.keys(this.raw).filter((key) => this.raw[key] !== undefined));
  }
}

/** Whether a value can be a key of a map literal. */
export function isKey(value: CelValue): value is Exclude<Slot, never> | Double | Uint {
  return (typeof value !== "object" && value !== null) || value instanceof Double || value instanceof Uint;
}

/** Numbers of different kinds have slots of their own: `{1: "a", 1u: "b"}` has two entries. */
function exactSlot(key: CelValue): Slot {
  if (typeof key === "string") return `s${key}`;
  if (key instanceof Uint) return `u${key.value}`;
  if (key instanceof Double) return `d${key.value}`;
  return key as Slot;
}

/** Where else a number may be found: as an int or an unsigned one. */
function otherSlots(key: CelValue): readonly Slot[] {
  if (typeof key === "number" || typeof key === "bigint") return key >= 0 ? [`u${key}`] : [];
  if (key instanceof Uint) return [key.value];
  if (!(key instanceof Double) || !Number.isInteger(key.value)) return [];
  const whole = smallInt(BigInt(key.value));
  return [whole, `u${whole}`];
}
