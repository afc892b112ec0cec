/** Lists, sets and maps of the device kinds: not too many, each entry right, no two of one key. Too many are not looked into. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

interface ListRules<T> {
  readonly max?: number;
  check(item: T, errors: FieldErrors): void;
}

interface SetRules<T> extends ListRules<T> {
  /** What no two have in common; shown when they do. Objects are told apart by their JSON. */
  keyOf(item: T): unknown;
}

/** False when there are too many. */
export function checkList<T>(
  items: readonly T[] | undefined | null,
  errors: FieldErrors,
  { max = Infinity, check }: ListRules<T>,
): boolean {
  const list = items ?? [];
  if (list.length > max) {
    errors.tooMany(list.length, max);
    return false;
  }
  list.forEach((item, i) => check(item, errors.at(i)));
  return true;
}

export function checkSet<T>(
  items: readonly T[] | undefined | null,
  errors: FieldErrors,
  rules: SetRules<T>,
): void {
  if (!checkList(items, errors, rules)) return;
  const seen = new Set<string>();
  (items ?? []).forEach((item, i) => {
    const key = rules.keyOf(item);
    const text = JSON.stringify(key);
    if (seen.has(text)) errors.at(i).duplicate(key);
    seen.add(text);
  });
}

interface MapRules<T> {
  readonly max?: number;
  /** Longer keys are shown shortened in paths. */
  readonly maxKey: number;
  checkKey(key: string, errors: FieldErrors): void;
  check?(item: T, errors: FieldErrors): void;
}

export function checkMap<T>(
  map: Readonly<Record<string, T>> | undefined | null,
  errors: FieldErrors,
  { max = Infinity, maxKey, checkKey, check }: MapRules<T>,
): void {
  const entries = Object.entries(map ?? {});
  if (entries.length > max) return errors.tooMany(entries.length, max);
  for (const [key, item] of entries) {
    checkKey(key, errors);
    check?.(item, errors.at([shortened(key, Math.max(maxKey, 16))]));
  }
}

/** The middle left out: `aaaa...aaaa`. */
function shortened(text: string, max: number): string {
  if (text.length <= max) return text;
  const kept = max - 3;
  return `${text.slice(0, Math.floor((kept + 1) / 2))}...${text.slice(text.length - Math.floor(kept / 2))}`;
}
