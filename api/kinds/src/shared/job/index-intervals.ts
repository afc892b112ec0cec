/**
 * Indexes of a Job's pods as text: `0-2,5` is 0, 1, 2 and 5, in rising order and below the number of completions. Throws
 * SyntaxError, in upstream's words, for what is not.
 */

import { quote } from "@knarr/machinery/quote.ts";

export type Interval = readonly [first: number, last: number];

/** How many indexes `text` names. */
export function countIndexes(text: string, completions: number): number {
  let last: number | undefined;
  let count = 0;
  for (const part of text ? text.split(",") : []) {
    const [x, y] = parseInterval(part, completions);
    if (last !== undefined && last >= x) throw notRising(last, x);
    count += y - x + 1;
    last = y;
  }
  return count;
}

/** The first index that both texts name; parts that make no sense are passed over. */
export function overlapOf(one: string, other: string, completions: number): number | undefined {
  const a = intervalsOf(one, completions);
  const b = intervalsOf(other, completions);
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const [x, y] = a[i]!;
    const [u, v] = b[j]!;
    if (x <= v && u <= y) return Math.max(x, u);
    if (x <= u) i++;
    else j++;
  }
  return undefined;
}

/** All parts of `text` that make sense. */
function intervalsOf(text: string, completions: number): readonly Interval[] {
  return (text ? text.split(",") : []).flatMap((part) => {
    try {
      return [parseInterval(part, completions)];
    } catch (err) {
      if (err instanceof SyntaxError) return [];
      throw err;
    }
  });
}

function parseInterval(text: string, completions: number): Interval {
  const limits = text.split("-");
  if (limits.length > 2)
    throw new SyntaxError(
      `the fragment ${quote(text)} violates the requirement that an index interval can have at most two parts separated by '-'`,
    );
  const [x, y] = limits.map((limit) => indexOf(limit, completions)) as [number, number?];
  if (y === undefined) return [x, x];
  if (x >= y) throw notRising(x, y);
  return [x, y];
}

function indexOf(text: string, completions: number): number {
  if (!/^[-+]?\d+$/.test(text))
    throw new SyntaxError(`cannot convert string to integer for index: ${quote(text)}`);
  const index = Number(text);
  if (index >= completions) throw new SyntaxError(`too large index: ${quote(text)}`);
  return index;
}

function notRising(previous: number, current: number): SyntaxError {
  return new SyntaxError(`non-increasing order, previous: ${previous}, current: ${current}`);
}
