/** Lists: of values at hand, of plain JSON, of two lists one after the other, and the one that folds grow. */

import { jsonValue } from "./json.ts";
import { ListValue, type CelValue, type Outcome } from "./values.ts";

/** Of values at hand; the array is not copied and must not change any more. */
export class ArrayList extends ListValue {
  readonly elements: readonly CelValue[];

  constructor(elements: readonly CelValue[]) {
    super();
    this.elements = elements;
  }

  get size(): number {
    return this.elements.length;
  }

  at(index: number): CelValue {
    return this.elements[index]!;
  }
}

/** Of plain JSON that nothing more is known of. */
export class JsonList extends ListValue {
  readonly raw: readonly unknown[];

  constructor(raw: readonly unknown[]) {
    super();
    this.raw = raw;
  }

  get size(): number {
    return this.raw.length;
  }

  at(index: number): Outcome {
    return jsonValue(this.raw[index]);
  }
}

/** What `+` of two lists gives, in no time. */
class JoinedList extends ListValue {
  readonly size: number;
  readonly #first: ListValue;
  readonly #second: ListValue;

  constructor(first: ListValue, second: ListValue) {
    super();
    this.#first = first;
    this.#second = second;
    this.size = first.size + second.size;
  }

  at(index: number): Outcome {
    const { size } = this.#first;
    return index < size ? this.#first.at(index) : this.#second.at(index - size);
  }

  override *[Symbol.iterator](): IterableIterator<Outcome> {
    yield* this.#first;
    yield* this.#second;
  }
}

/** The accumulator of a fold that started empty: `+` adds to it in place, as nobody else has it. */
export class GrowingList extends ListValue {
  readonly elements: CelValue[] = [];

  get size(): number {
    return this.elements.length;
  }

  at(index: number): CelValue {
    return this.elements[index]!;
  }

  override plus(other: ListValue): Outcome {
    // It may be added to itself.
    const { size } = other;
    for (let index = 0; index < size; index++) this.elements.push(other.at(index) as CelValue);
    return this;
  }

  frozen(): ListValue {
    return new ArrayList(this.elements);
  }
}

/** `first + second`. */
export function joined(first: ListValue, second: ListValue): Outcome {
  if (first.plus) return first.plus(second);
  if (first.size === 0) return second;
  return second.size === 0 ? first : new JoinedList(first, second);
}
