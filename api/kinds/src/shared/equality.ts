/**
 * Equality of decoded specs: absent, null, empty text and empty lists are the same, an empty struct is something
 * (`securityContext: {}` is not the same as none; machinery's `semanticEqual`, made for whole objects whose maps may be
 * empty, says it is). Quantities are equal when their canonical texts are, which decoding has made them.
 *
 *     equivalent({ a: [] }, {})      // true
 *     equivalent({ a: {} }, {})      // false
 *     equivalent({ labels: {} }, {}) // true: a map
 */

export function equivalent(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (isNothing(a)) return isNothing(b);
  if (isNothing(b)) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!equivalent(a[i], b[i])) return false;
    return true;
  }
  if (typeof a !== "object" || typeof b !== "object" || Array.isArray(b)) return false;
  return sameFields(a as Fields, b as Fields);
}

type Fields = Readonly<Record<string, unknown>>;

function sameFields(a: Fields, b: Fields): boolean {
  for (const key in a) if (!equivalent(memberOf(a, key), memberOf(b, key))) return false;
  for (const key in b) if (!(key in a) && !isNothing(memberOf(b, key))) return false;
  return true;
}

/** Fields that are maps in whatever spec they stand: an empty one is as good as none. */
const maps: ReadonlySet<string> = new Set(
  "labels annotations matchLabels nodeSelector limits requests overhead volumeAttributes".split(" "),
);

function memberOf(object: Fields, key: string): unknown {
  const value = object[key];
  if (!maps.has(key) || typeof value !== "object" || value === null) return value;
  for (const _key in value) return value;
  return undefined;
}

/** What leaves no trace once encoded, for fields that are not pointers: pointer fields that hold a zero are kept apart by their defaults. */
function isNothing(value: unknown): boolean {
  return (
    value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0)
  );
}
