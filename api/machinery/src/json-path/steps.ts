/** What each step of a path does with the values before it. */

import { isJsonObject } from "../object.ts";

export type Step = (values: readonly unknown[]) => readonly unknown[];

export function walk(values: readonly unknown[], steps: readonly Step[]): readonly unknown[] {
  return steps.reduce((found, step) => step(found), values);
}

export function fieldStep(name: string): Step {
  return (values) =>
    values.flatMap((value) => (isJsonObject(value) && Object.hasOwn(value, name) ? [value[name]] : []));
}

/** `.*` and `[*]` of objects. */
export const wildcardStep: Step = (values) => values.flatMap(members);

/** `..`: each value that has parts, and those of its parts, before what follows is looked for in them. */
export const recursiveStep: Step = (values) =>
  values.flatMap((value) => {
    const parts = members(value);
    return parts.length > 0 ? [value, ...recursiveStep(parts)] : [];
  });

/** A text, number or boolean in a comparison. */
export function constantStep(constant: string | number | boolean): Step {
  return (values) => (typeof constant === "string" ? [constant] : values.map(() => constant));
}

export function unionStep(paths: readonly Step[][]): Step {
  return (values) => paths.flatMap((steps) => walk(values, steps));
}

export interface Slice {
  readonly start: number | undefined;
  /** Absent for a single index. */
  readonly end: number | undefined;
  readonly isIndex: boolean;
  readonly step: number | undefined;
}

export function sliceStep(slice: Slice): Step {
  return (values) => values.flatMap((value) => (value === null ? [] : sliced(listOf(value), slice)));
}

function sliced(list: readonly unknown[], { start = 0, end, isIndex, step = 1 }: Slice): readonly unknown[] {
  const from = start < 0 ? start + list.length : start;
  if (isIndex) {
    if (from < 0 || from >= list.length) throw outOfBounds(start, list.length);
    return [list[from]];
  }
  const to = end === undefined ? list.length : end < 0 ? end + list.length : end;
  if (from === to) return [];
  if (from < 0 || from >= list.length) throw outOfBounds(from, list.length);
  if (to < 0 || to > list.length) throw outOfBounds(to - 1, list.length);
  if (from > to) throw new RangeError(`starting index ${from} is greater than ending index ${to}`);
  if (step <= 0) throw new RangeError("step must be > 0");
  return list.slice(from, to).filter((_, i) => i % step === 0);
}

function outOfBounds(index: number, length: number): RangeError {
  return new RangeError(`array index out of bounds: index ${index}, length ${length}`);
}

/** Items for which a path leads somewhere. */
export function existsStep(steps: readonly Step[]): Step {
  const leadsSomewhere = (item: unknown): boolean => {
    try {
      return walk([item], steps).length > 0;
    } catch {
      return false; // it leads nowhere
    }
  };
  return (values) => values.flatMap((value) => listOf(value).filter(leadsSomewhere));
}

const comparisons: Readonly<Record<string, (order: number) => boolean>> = {
  "==": (order) => order === 0,
  "!=": (order) => order !== 0,
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
};

/** Items of which the value at one path compares with that at another. */
export function filterStep(left: readonly Step[], operator: string, right: readonly Step[]): Step {
  const single = (steps: readonly Step[], item: unknown): readonly unknown[] => {
    const found = walk([item], steps);
    if (found.length > 1) throw new TypeError("can only compare one element at a time");
    return found;
  };
  return (values) =>
    values.flatMap((value) =>
      listOf(value).filter((item) => {
        const [a, b] = [single(left, item), single(right, item)];
        if (a.length === 0 || b.length === 0) return false;
        const passes = comparisons[operator];
        if (!passes) throw new TypeError(`unrecognized filter operator ${operator}`);
        return passes(compare(a[0], b[0], operator));
      }),
    );
}

function compare(a: unknown, b: unknown, operator: string): number {
  const isOrdered = typeof a === "number" || typeof a === "string";
  const isEquality = operator === "==" || operator === "!=";
  if (!isOrdered && !(typeof a === "boolean" && isEquality))
    throw new TypeError("invalid type for comparison");
  if (typeof a !== typeof b) throw new TypeError("incompatible types for comparison");
  return a === b ? 0 : (a as number) < (b as number) ? -1 : 1;
}

function members(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return isJsonObject(value) ? Object.values(value) : [];
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new TypeError("is not array or slice");
}
