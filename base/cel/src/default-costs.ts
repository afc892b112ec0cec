/**
 * What calls cost in cel-go: most of them 1; those that walk through texts or lists, by their sizes.
 *
 * An overload that is not known before there are values (`""`) costs 1, whatever it turns out to be.
 */

import type { CallCost } from "./library.ts";
import { OptionalValue } from "./optional.ts";
import { charactersIn } from "./source.ts";
import { ListValue, MapValue, OpaqueValue, type Outcome } from "./values.ts";

export const TEXT_COST = 0.1;
export const PATTERN_COST = 0.25;

/** Characters of a text, bytes, elements, entries; 1 for what has no size. */
export function sizeOf(value: Outcome): number {
  if (typeof value === "string") return charactersIn(value);
  if (value instanceof ListValue || value instanceof MapValue) return value.size;
  if (value instanceof Uint8Array) return value.length;
  if (value instanceof OptionalValue) return value.inner === undefined ? 1 : sizeOf(value.inner);
  return value instanceof OpaqueValue ? (value.size ?? 1) : 1;
}

const walk: CallCost = ([text]) => Math.ceil(sizeOf(text!) * TEXT_COST);
const smaller: CallCost = ([one, other]) => Math.ceil(Math.min(sizeOf(one!), sizeOf(other!)) * TEXT_COST);
const both: CallCost = ([one, other]) => Math.ceil((sizeOf(one!) + sizeOf(other!)) * TEXT_COST);
const search: CallCost = ([text, part]) =>
  Math.ceil(sizeOf(text!) * TEXT_COST) * Math.ceil(sizeOf(part!) * TEXT_COST);

const costs = new Map<string, CallCost>([
  ["starts_with_string", walk],
  ["ends_with_string", walk],
  ["string_to_bytes", walk],
  ["bytes_to_string", walk],
  ["strings_quote", walk],
  ["string_format", walk],
  ["in_list", ([, list]) => sizeOf(list!)],
  ["equals", smaller],
  ["not_equals", smaller],
  ...["less", "less_equals", "greater", "greater_equals"].flatMap((word): [string, CallCost][] => [
    [`${word}_string`, smaller],
    [`${word}_bytes`, smaller],
  ]),
  ["add_string", both],
  ["add_bytes", both],
  ["contains_string", search],
  [
    "matches_string",
    // One more, so that an expensive pattern is not free on an empty text.
    ([text, pattern]) =>
      Math.ceil((1 + sizeOf(text!)) * TEXT_COST) * Math.ceil(sizeOf(pattern!) * PATTERN_COST),
  ],
]);

/** Undefined for those that cost 1. */
export const defaultCost = (overload: string): CallCost | undefined => costs.get(overload);
