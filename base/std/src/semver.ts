/**
 * Versions as semver.org 2.0.0 has them: `1.36.3-rc.1+build`.
 *
 *     compareSemver(parseSemver("1.36.0-rc.1")!, parseSemver("1.36.0")!)   // negative: what leads to a version is before it
 */

export interface Semver {
  readonly numbers: readonly [major: bigint, minor: bigint, patch: bigint];
  readonly prerelease: readonly string[];
}

const NUMBER = "0|[1-9]\\d*";
const PRERELEASE = `(?:${NUMBER}|\\d*[A-Za-z-][0-9A-Za-z-]*)`;
const form = new RegExp(
  `^(${NUMBER})\\.(${NUMBER})\\.(${NUMBER})(?:-(${PRERELEASE}(?:\\.${PRERELEASE})*))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`,
);

/** Undefined for what is none. */
export function parseSemver(text: string): Semver | undefined {
  const [, major, minor, patch, prerelease] = form.exec(text) ?? [];
  if (major === undefined) return undefined;
  return {
    numbers: [BigInt(major), BigInt(minor!), BigInt(patch!)],
    prerelease: prerelease?.split(".") ?? [],
  };
}

/** Negative when `a` is before `b`; build metadata does not count. */
export function compareSemver(a: Semver, b: Semver): number {
  for (const i of [0, 1, 2] as const) {
    const [left, right] = [a.numbers[i], b.numbers[i]];
    if (left !== right) return left < right ? -1 : 1;
  }
  if (!a.prerelease.length || !b.prerelease.length) return b.prerelease.length - a.prerelease.length;
  for (const [i, left] of a.prerelease.entries()) {
    const right = b.prerelease[i];
    const order = right === undefined ? 1 : comparePart(left, right);
    if (order !== 0) return order;
  }
  return a.prerelease.length - b.prerelease.length;
}

/** Numbers by size and before words, words by their letters. */
function comparePart(a: string, b: string): number {
  const [isNumber, isOtherNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
  if (isNumber) return Number(BigInt(a) - BigInt(b));
  return a === b ? 0 : a < b ? -1 : 1;
}
