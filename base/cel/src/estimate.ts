/**
 * What an expression may cost, before there are values: a range from the sizes that lists, maps and texts may have.
 *
 * Numbers are cel-go's uint64: they stop at `UNBOUNDED` instead of overflowing, and that says "no limit is known".
 */

import type { Expression } from "./syntax.ts";
import type { CelType } from "./types.ts";

export const UNBOUNDED = 2n ** 64n - 1n;

export interface Range {
  readonly min: bigint;
  readonly max: bigint;
}

export const fixed = (value: bigint): Range => ({ min: value, max: value });
/** Nothing is known. */
export const UNKNOWN: Range = { min: 0n, max: UNBOUNDED };

const bounded = (value: bigint): bigint => (value > UNBOUNDED ? UNBOUNDED : value);
const mapRange = ({ min, max }: Range, change: (value: bigint) => bigint): Range => ({
  min: change(min),
  max: change(max),
});

export const addRanges = (one: Range, other: Range): Range => ({
  min: bounded(one.min + other.min),
  max: bounded(one.max + other.max),
});

export const timesRanges = (one: Range, other: Range): Range => ({
  min: bounded(one.min * other.min),
  max: bounded(one.max * other.max),
});

/** Rounded up; computed as upstream does, in doubles. */
export const scaleRange = (range: Range, factor: number): Range =>
  mapRange(range, (value) => {
    const scaled = Math.ceil(Number(value) * factor);
    return scaled >= 2 ** 64 ? UNBOUNDED : BigInt(scaled);
  });

/** From the least of both to the most of both. */
export const unionOf = (one: Range, other: Range): Range => ({
  min: one.min < other.min ? one.min : other.min,
  max: one.max > other.max ? one.max : other.max,
});

/** An expression whose size or cost is asked for. */
export interface CostNode {
  /** The way from a variable: `self`, field names, `@items`, `@keys`, `@values`. Undefined for what was computed. */
  readonly path: readonly string[] | undefined;
  readonly type: CelType;
  readonly expression: Expression;
  /** What follows from the expression itself. */
  readonly size: Range | undefined;
  /** An element of what the expression gives, of which only path and type are known. */
  readonly isElement?: boolean;
}

/** Says how large values of variables may be. */
export interface SizeEstimator {
  /** Characters of a text, bytes, elements, entries; undefined: nothing is known. */
  size(node: CostNode): Range | undefined;
}

export interface CallEstimate {
  readonly cost: Range;
  /** Of the result, where it has one. */
  readonly size?: Range | undefined;
}

/** What estimators of calls may ask. */
export interface Sizes {
  /** From nothing to unbounded when nothing is known. */
  of(node: CostNode): Range;
}
