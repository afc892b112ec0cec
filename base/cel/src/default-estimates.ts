/** What calls may cost in cel-go: the counterpart of `default-costs.ts` before there are values. Most cost 1. */

import { PATTERN_COST, TEXT_COST } from "./default-costs.ts";
import {
  addRanges,
  fixed,
  scaleRange,
  timesRanges,
  type CallEstimate,
  type CostNode,
  type Range,
  type Sizes,
} from "./estimate.ts";

interface EstimatedCall {
  readonly overload: string;
  readonly target: CostNode | undefined;
  readonly args: readonly CostNode[];
  readonly sizes: Sizes;
}

/** Undefined for those that cost 1 and give nothing that has a size. */
export function defaultEstimate({ overload, target, args, sizes }: EstimatedCall): CallEstimate | undefined {
  const size = (index: number): Range => sizes.of(args[index]!);
  switch (overload) {
    case "string_format":
      return target && { cost: walk(sizes.of(target)) };
    case "string_to_bytes":
      return { cost: walk(size(0)), size: { min: size(0).min, max: wrap(size(0).max * 4n) } };
    case "bytes_to_string":
      return { cost: walk(size(0)), size: { min: size(0).min / 4n, max: size(0).max } };
    case "strings_quote":
      return { cost: walk(size(0)), size: { min: wrap(size(0).min + 2n), max: wrap(size(0).max * 2n + 2n) } };
    case "starts_with_string":
    case "ends_with_string":
      return { cost: walk(size(0)) };
    case "in_list":
      return { cost: size(1) };
    case "matches_string":
      if (!target) return undefined;
      return {
        cost: timesRanges(walk(addRanges(sizes.of(target), fixed(1n))), scaleRange(size(0), PATTERN_COST)),
      };
    case "contains_string":
      return target && { cost: timesRanges(walk(sizes.of(target)), walk(size(0))) };
    case "add_string":
    case "add_bytes": {
      const both = addRanges(size(0), size(1));
      return { cost: walk(both), size: both };
    }
    case "add_list":
      return { cost: fixed(1n), size: addRanges(size(0), size(1)) };
    default:
      return COMPARISONS.test(overload) ? { cost: comparison(size(0), size(1)) } : undefined;
  }
}

const COMPARISONS = /^(?:(?:less|less_equals|greater|greater_equals)_(?:string|bytes)|equals|not_equals)$/;

const walk = (size: Range): Range => scaleRange(size, TEXT_COST);

/** The shorter of both is walked; what is not empty costs at least one. */
function comparison(one: Range, other: Range): Range {
  const shortest = one.max < other.max ? one.max : other.max;
  return walk({ min: shortest > 0n ? 1n : 0n, max: shortest });
}

/** As unsigned numbers of 64 bits that nobody looks after do. */
const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);
