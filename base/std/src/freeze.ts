/**
 * Freezing plain JSON values, so that what is shared cannot be changed by one of those who share it.
 *
 * A value whose outside is frozen counts as frozen throughout: freezing it again costs nothing.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  // Object.values, because for-in is many times slower on objects of ever new shapes, which is what JSON is.
  const items: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  // By index: an iterator for each object of what is written is a good part of all that a write allocates.
  for (let i = 0; i < items.length; i++) if (typeof items[i] === "object") deepFreeze(items[i]);
  return value;
}
