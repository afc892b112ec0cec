/**
 * Freezing plain JSON values, so that what is shared cannot be changed by one of those who share it.
 *
 * A value whose outside is frozen counts as frozen throughout: freezing it again costs nothing.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  if (Array.isArray(value)) for (const item of value) deepFreeze(item);
  else for (const key in value) deepFreeze(value[key]);
  return value;
}
