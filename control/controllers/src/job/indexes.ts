/**
 * A set of completion indexes, kept as intervals in rising order, since Jobs have up to a hundred thousand of them and nearly
 * all next to one another. Its text is what statuses carry: `0-4,6,8,9`.
 */

import type { Pod } from "@knarr/kinds/generated/core-v1.ts";

export const COMPLETION_INDEX = "batch.kubernetes.io/job-completion-index";

type Interval = readonly [first: number, last: number];

export class IndexSet {
  readonly intervals: readonly Interval[];

  private constructor(intervals: readonly Interval[]) {
    this.intervals = intervals;
  }

  static readonly empty = new IndexSet([]);

  static of(indexes: Iterable<number>): IndexSet {
    const sorted = [...new Set(indexes)].sort((a, b) => a - b);
    return IndexSet.empty.with(new IndexSet(sorted.map((index) => [index, index] as const)));
  }

  /** What makes sense of `text`, below `completions`. */
  static parse(text: string | undefined, completions: number): IndexSet {
    const intervals: Interval[] = [];
    for (const part of text ? text.split(",") : []) {
      const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
      if (first === undefined) continue; // somebody else wrote it
      if (Number(first) >= completions) break;
      intervals.push([Number(first), Math.min(Number(last), completions - 1)]);
    }
    return IndexSet.empty.with(new IndexSet(intervals));
  }

  get size(): number {
    return this.intervals.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  }

  has(index: number): boolean {
    let low = 0;
    let high = this.intervals.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.intervals[middle]![1] < index) low = middle + 1;
      else high = middle;
    }
    const interval = this.intervals[low];
    return interval !== undefined && interval[0] <= index;
  }

  with(other: IndexSet): IndexSet {
    const merged: [number, number][] = [];
    for (const [first, last] of [...this.intervals, ...other.intervals].sort(([a], [b]) => a - b)) {
      const before = merged.at(-1);
      if (!before || first > before[1] + 1) merged.push([first, last]);
      else before[1] = Math.max(before[1], last);
    }
    return new IndexSet(merged);
  }

  /** How many of its indexes `other` has. */
  countIn(other: IndexSet): number {
    let count = 0;
    let i = 0;
    for (const [first, last] of this.intervals) {
      while (i < other.intervals.length && other.intervals[i]![1] < first) i++;
      for (let j = i; j < other.intervals.length && other.intervals[j]![0] <= last; j++)
        count += Math.min(last, other.intervals[j]![1]) - Math.max(first, other.intervals[j]![0]) + 1;
    }
    return count;
  }

  /** The first `count` indexes below `completions` that are not in the set. */
  firstMissing(count: number, completions: number): number[] {
    const missing: number[] = [];
    let candidate = 0;
    for (const [first, last] of [...this.intervals, [completions, completions] as const]) {
      for (; candidate < Math.min(first, completions) && missing.length < count; candidate++)
        missing.push(candidate);
      candidate = Math.max(candidate, last + 1);
    }
    return missing;
  }

  /** Two neighbours are written one by one. */
  toString(): string {
    return this.intervals
      .map(([first, last]) =>
        first === last ? `${first}` : `${first}${last === first + 1 ? "," : "-"}${last}`,
      )
      .join(",");
  }
}

/** The index of a pod; undefined for one without, or with one that makes no sense. */
export function indexOf({ metadata }: Pod): number | undefined {
  const text = metadata.annotations?.[COMPLETION_INDEX];
  return text !== undefined && /^\+?\d+$/.test(text) ? Number(text) : undefined;
}

export function indexesOf(pods: readonly Pod[]): IndexSet {
  return IndexSet.of(pods.map(indexOf).filter((index) => index !== undefined));
}
