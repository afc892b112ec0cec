/** What the functions of Kubernetes may cost before there are values: the counterpart of `costs.ts`. */

import {
  addRanges,
  fixed,
  scaleRange,
  timesRanges,
  UNBOUNDED,
  unionOf,
  type CallEstimate,
  type CostNode,
  type Range,
  type Sizes,
} from "@knarr/cel/estimate.ts";
import { PATTERN_COST, TEXT_COST } from "@knarr/cel/default-costs.ts";
import type { CostModel } from "@knarr/cel/environment.ts";
import { CHEAP, CHECK_COST } from "./costs.ts";
import { isExactly } from "@knarr/cel/types.ts";
import { CIDR, FORMAT, IP, URL } from "./libraries/kubernetes-types.ts";

type EstimatedCall = Parameters<CostModel["estimate"]>[0];

const ONE = fixed(1n);
const walk = (size: Range, times = 1): Range => scaleRange(size, times * TEXT_COST);

/** Bytes of an address. */
const ADDRESS: Range = { min: 4n, max: 16n };
const LONGEST_FORMAT = 64n;
const LONGEST_PATTERN = 128;

export function estimateCall(call: EstimatedCall): CallEstimate | undefined {
  const { name, overload, target, args, sizes } = call;
  if (CHEAP.has(name)) return { cost: ONE };
  const first = args[0] && sizes.of(args[0]);
  const own = target && sizes.of(target);
  switch (name) {
    case "check":
      return { cost: fixed(BigInt(CHECK_COST)) };
    case "fieldSelector":
    case "labelSelector":
      return first && { cost: selectorCost(first) };
    case "isSorted":
    case "sum":
    case "max":
    case "min":
    case "indexOf":
    case "lastIndexOf":
      return target && { cost: comparisons(target, sizes) };
    case "url":
    case "jsonpatch.escapeKey":
      return first && { cost: walk(first), size: first };
    case "lowerAscii":
    case "upperAscii":
    case "substring":
    case "trim":
      return own && { cost: walk(own), size: own };
    case "replace":
      return own && first && { cost: walk(own, 2), size: replaced(own, first, sizes.of(args[1]!)) };
    case "split":
      return own && { cost: walk(own, 2), size: { min: 0n, max: splitLimit(args[1]) ?? own.max } };
    case "join":
      return target && joined(target, first, sizes);
    case "find":
    case "findAll":
      return own && first && found(own, first);
    case "cidr":
    case "isIP":
    case "isCIDR":
    case "quantity":
    case "isQuantity":
    case "semver":
    case "isSemver":
      return first && { cost: walk(first) };
    case "ip":
      if (overload === "cidr_ip") return { cost: ONE };
      return first && { cost: walk(first) };
    case "ip.isCanonical":
      return first && { cost: walk(first, 2) };
    case "containsIP":
    case "containsCIDR":
      return first && { cost: containment(name, overload, first) };
    case "validate":
      return first && { cost: scaleRange(walk(first), LONGEST_PATTERN * PATTERN_COST) };
    case "_==_":
      return equality(args);
    default:
      return undefined;
  }
}

function selectorCost(length: Range): Range {
  const requirements = scaleRange(scaleRange(length, 0.5), 50);
  return addRanges(addRanges(fixed(10n), walk(length)), requirements);
}

/** Each element once; texts are walked too. A text itself is only walked. */
function comparisons(target: CostNode, sizes: Sizes): Range {
  const element = elementOf(target);
  if (!element) return walk(sizes.of(target));
  const { kind } = element.type;
  const isText = kind === "string" || kind === "bytes";
  const one = isText ? addRanges(ONE, walk(sizes.of(element))) : ONE;
  return timesRanges(sizes.of(target), one);
}

/** The elements of a list, as the schema may know them. */
function elementOf({ type, path, expression }: CostNode): CostNode | undefined {
  const [element] = type.parameters;
  if (!element) return undefined;
  return { type: element, path: path && [...path, "@items"], expression, size: undefined, isElement: true };
}

/** How long a text can be and must be when parts of it were replaced. */
function replaced(text: Range, old: Range, by: Range): Range {
  const count = { min: 0n, max: 0n };
  const kept = { min: 0n, max: 0n };
  if (old.min === 0n) {
    // An empty part is found around every character.
    count.max = text.max < UNBOUNDED ? text.max + 1n : text.max;
    kept.max = text.max;
  } else if (by.max <= old.min) kept.max = text.max;
  else count.max = quotient(text.max, old.min);
  if (old.max === 0n) {
    count.min = text.min < UNBOUNDED ? text.min + 1n : text.min;
    kept.min = text.min;
  } else if (old.max <= by.min) kept.min = text.min;
  else count.min = quotient(text.min, old.max);
  return addRanges(timesRanges(count, by), kept);
}

function quotient(size: bigint, by: bigint): bigint {
  const whole = Math.ceil(Number(size) / Number(by));
  return whole >= 2 ** 64 ? UNBOUNDED : BigInt(whole);
}

function splitLimit(limit: CostNode | undefined): bigint | undefined {
  if (limit?.expression.kind !== "literal") return undefined;
  const { value } = limit.expression;
  return typeof value === "number" || typeof value === "bigint"
    ? BigInt.asUintN(64, BigInt(value))
    : undefined;
}

function joined(target: CostNode, separator: Range | undefined, sizes: Sizes): CallEstimate {
  const count = sizes.of(target);
  const element = elementOf(target);
  let size = element ? timesRanges(count, sizes.of(element)) : fixed(0n);
  if (separator) {
    const less = (value: bigint): bigint => (value > 0n ? value - 1n : 0n);
    size = addRanges(size, timesRanges(separator, { min: less(count.min), max: less(count.max) }));
  }
  return { cost: walk(size), size };
}

function found(text: Range, pattern: Range): CallEstimate {
  const cost = timesRanges(walk(addRanges(text, ONE)), scaleRange(pattern, PATTERN_COST));
  return { cost, size: { min: 0n, max: text.max } };
}

function containment(name: string, overload: string, other: Range): Range {
  let cost = walk(addRanges(ADDRESS, ADDRESS));
  if (name === "containsCIDR") cost = addRanges(addRanges(cost, walk(ADDRESS)), ONE);
  return overload.endsWith("_string") ? addRanges(cost, walk(other)) : cost;
}

/** Of values that only Kubernetes has. */
function equality([left, right]: readonly CostNode[]): CallEstimate | undefined {
  if (!left || !right || left.type.name !== right.type.name) return undefined;
  const { type } = left;
  if (isExactly(type, IP) || isExactly(type, CIDR)) return { cost: ONE };
  if (type.kind !== "struct" || !type.name.startsWith("kubernetes.")) return undefined;
  if (type.name === FORMAT.name) return { cost: walk({ min: 1n, max: LONGEST_FORMAT }) };
  if (type.name === URL.name) {
    // Both sides' sizes are the right side's, upstream.
    const size = right.size ? unionOf(right.size, right.size) : ONE;
    return { cost: walk({ min: 1n, max: size.max }) };
  }
  return CHEAP_TYPES.test(type.name) ? { cost: ONE } : undefined;
}

const CHEAP_TYPES =
  /^kubernetes\.(?:Quantity|Semver|authorization\.(?:Authorizer|PathCheck|GroupCheck|ResourceCheck|Decision))$/;
