/**
 * Freezing plain JSON values, so that what is shared cannot be changed by one of those who share it.
 *
 * A value whose outside is frozen counts as frozen throughout: freezing it again costs nothing.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  // Object.values, because for-in is many times slower on objects of ever new shapes, which is what JSON is.
  for (const item of Array.isArray(value) ? value : Object.values(value)) {
    if (typeof item === "object") deepFreeze(item);
  }
  return value;
}
