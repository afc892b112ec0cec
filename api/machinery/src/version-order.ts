/** Which version of a group is better, by its name: `v2` before `v1` before `v1beta1` before `v1alpha2`, and any of these before `other`. */

const FORM = /^v(\d+)(?:(alpha|beta)(\d+))?$/;
const MATURITY: Readonly<Record<string, number>> = { alpha: 0, beta: 1 };

/** For sorting: negative when `a` goes first, as clients prefer what comes first. */
export function byVersion(a: string, b: string): number {
  const [first, second] = [rankOf(a), rankOf(b)];
  if (!first || !second) return first ? -1 : second ? 1 : a < b ? -1 : a > b ? 1 : 0;
  for (const [i, rank] of first.entries()) if (rank !== second[i]) return second[i]! - rank;
  return 0;
}

/** Maturity, major, minor. */
function rankOf(version: string): readonly number[] | undefined {
  const match = FORM.exec(version);
  if (!match) return undefined;
  const [, major, maturity, minor = "0"] = match;
  return [maturity ? MATURITY[maturity]! : 2, Number(major), Number(minor)];
}
