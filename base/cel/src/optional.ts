/** A value that may not be there: `optional.of(x)`, `a.?b`. */

import { equal } from "./equality.ts";
import { DYN, optionalOf } from "./types.ts";
import { Failure, OpaqueValue, type CelValue, type Outcome } from "./values.ts";

export class OptionalValue extends OpaqueValue {
  readonly type = OPTIONAL;
  /** Undefined when there is none. */
  readonly inner: CelValue | undefined;

  constructor(inner: CelValue | undefined) {
    super();
    this.inner = inner;
  }

  get value(): Outcome {
    return this.inner === undefined ? new Failure("optional.none() dereference") : this.inner;
  }

  equals(other: CelValue): boolean | Failure {
    if (!(other instanceof OptionalValue)) return false;
    if (this.inner === undefined || other.inner === undefined) return this.inner === other.inner;
    return equal(this.inner, other.inner);
  }

  override toString(): string {
    return this.inner === undefined ? "optional.none()" : `optional(${String(this.inner)})`;
  }
}

export const OPTIONAL = optionalOf(DYN);
export const NONE = new OptionalValue(undefined);
