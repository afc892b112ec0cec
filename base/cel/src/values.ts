/**
 * What CEL programs compute with, as JavaScript sees it.
 *
 *     null  bool   string  bytes        null  boolean  string  Uint8Array
 *     int                               number: always a whole one, exactly representable; bigint beyond ±(2^53−1)
 *     uint  double                      Uint  Double
 *     duration  timestamp  type         Duration  Timestamp  TypeValue
 *     list  map  struct                 ListValue  MapValue  StructValue, which read what stands behind them when asked
 *     optional and other opaque types   OptionalValue  OpaqueValue
 *
 * A bare number is an int because that is what nearly all numbers in objects are; a double carries its mark. One int has one
 * form: `smallInt` gives it. Values never change.
 *
 * Functions that cannot give a value return a `Failure`, which is a value too as far as `||`, `&&` and the macros made of
 * them are concerned: they answer from the other side if that is enough.
 */

import type { CelType } from "./types.ts";

export type CelValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Double
  | Uint
  | Duration
  | Timestamp
  | TypeValue
  | ListValue
  | MapValue
  | StructValue
  | OpaqueValue;

/** What evaluating something came to. */
export type Outcome = CelValue | Failure;

/** An error inside a program; `message` in cel-go's words. */
export class Failure {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

export class Double {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** An unsigned 64-bit integer, whole and not negative; bigint beyond 2^53−1, as for int. */
export class Uint {
  readonly value: number | bigint;

  constructor(value: number | bigint) {
    this.value = value;
  }
}

/** A span of time in nanoseconds, within 64 bits. */
export class Duration {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/**
 * A moment between the years 1 and 9999: whole seconds since 1970 and the nanoseconds from there on. `offset` says in seconds
 * east of UTC how it was written; it only matters for writing it again.
 */
export class Timestamp {
  readonly seconds: number;
  readonly nanos: number;
  readonly offset: number;

  constructor(seconds: number, nanos: number, offset = 0) {
    this.seconds = seconds;
    this.nanos = nanos;
    this.offset = offset;
  }
}

/** A type as a value: `int`, `type(x)`. */
export class TypeValue {
  readonly type: CelType;

  constructor(type: CelType) {
    this.type = type;
  }
}

/** A list of which elements are made when they are asked for. */
export abstract class ListValue implements Iterable<Outcome> {
  abstract readonly size: number;
  /** `index` is within the list. */
  abstract at(index: number): Outcome;
  /** Lists with an equality of their own (sets, lists by key) say it here; otherwise elements are compared in order. */
  equals?(other: CelValue): boolean | Failure;
  /** The same for `+` and for `in`. */
  plus?(other: ListValue): Outcome;
  includes?(value: CelValue): boolean | Failure;

  *[Symbol.iterator](): IterableIterator<Outcome> {
    for (let index = 0; index < this.size; index++) yield this.at(index);
  }
}

export abstract class MapValue {
  abstract readonly size: number;
  /** Undefined when the key is not there. */
  abstract find(key: CelValue): Outcome | undefined;
  abstract keys(): Iterable<CelValue>;
  equals?(other: CelValue): boolean | Failure;
  /** What `in` says, where `find` finds more than there is. */
  includes?(key: CelValue): boolean | Failure;
}

/** A value with named fields. */
export abstract class StructValue {
  abstract readonly type: CelType;
  /** What `has(x.field)` says; a Failure for a field that there is not in the type. */
  abstract has(field: string): boolean | Failure;
  /** A field that is not set gives its zero value or a Failure, as the type has it. */
  field(field: string): Outcome {
    return new Failure(`no such key: ${field}`);
  }
  equals?(other: CelValue): boolean | Failure;
  /** As plain JSON; absent: it has no form in JSON. */
  plain?(): unknown;
  /** Whether `optional.ofNonZeroValue` leaves it out. */
  get isZero(): boolean {
    return false;
  }
}

/** A value only functions can look into. */
export abstract class OpaqueValue {
  abstract readonly type: CelType;
  /** What costs are told by, for those that have one. */
  get size(): number | undefined {
    return undefined;
  }
  abstract equals(other: CelValue): boolean | Failure;
}

/** An int in its one form. */
export function smallInt(value: bigint): number | bigint {
  return value >= MIN_SAFE && value <= MAX_SAFE ? Number(value) : value;
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const MIN_SAFE = -MAX_SAFE;
