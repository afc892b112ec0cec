/**
 * Equality of API values as upstream's `Semantic.DeepEqual` sees it: an absent list or map equals an empty one, and
 * the order of keys does not matter. Quantities and times are equal when their canonical texts are, which decoding
 * has made them.
 */

export function semanticEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a === undefined || a === null) return isEmpty(b);
  if (b === undefined || b === null) return isEmpty(a);
  if (typeof a !== "object" || typeof b !== "object") return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!semanticEqual(a[i], b[i])) return false;
    return true;
  }
  if (Array.isArray(b)) return false;
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  for (const key in left) if (!semanticEqual(left[key], right[key])) return false;
  for (const key in right) if (!(key in left) && !isEmpty(right[key])) return false;
  return true;
}

/** Nothing, an empty list or an empty map. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value !== "object") return false;
  for (const _key in value) return false;
  return true;
}
