/** Copies and comparisons of plain JSON, several times faster than `structuredClone` because JSON has no cycles. */

/** A copy that shares nothing with `value`, so that it may be changed when `value` is frozen. */
export function copyJson<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyJson) as T;
  const copy: Record<string, unknown> = {};
  for (const key in value) copy[key] = copyJson(value[key]);
  return copy as T;
}

/** Deep equality of plain JSON. Members that are undefined are as good as absent. */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!equalJson(a[i], b[i])) return false;
    return true;
  }
  if (Array.isArray(b)) return false;
  let count = 0;
  for (const key in a) {
    const value = (a as Record<string, unknown>)[key];
    if (value === undefined) continue;
    if (!equalJson(value, (b as Record<string, unknown>)[key])) return false;
    count++;
  }
  for (const key in b) if ((b as Record<string, unknown>)[key] !== undefined) count--;
  return count === 0;
}
