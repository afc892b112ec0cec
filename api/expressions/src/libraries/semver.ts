/** `semver("1.2.3-rc.1")`: versions that can be compared, as semver.org orders them. */

import { member, overload } from "@knarr/cel/libraries/signature.ts";
import type { Library } from "@knarr/cel/library.ts";
import { BOOL, INT, STRING, type CelType } from "@knarr/cel/types.ts";
import { Failure, OpaqueValue, smallInt, type CelValue, type Outcome } from "@knarr/cel/values.ts";
import { quote } from "@knarr/std/quote.ts";
import { SEMVER } from "./kubernetes-types.ts";

class SemverValue extends OpaqueValue {
  readonly type = SEMVER;
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  /** Numbers come before words. */
  readonly prerelease: readonly (bigint | string)[];

  constructor([major, minor, patch]: readonly bigint[], prerelease: readonly (bigint | string)[]) {
    super();
    this.major = major!;
    this.minor = minor!;
    this.patch = patch!;
    this.prerelease = prerelease;
  }

  compare(other: SemverValue): number {
    return (
      order(this.major, other.major) ||
      order(this.minor, other.minor) ||
      order(this.patch, other.patch) ||
      comparePrereleases(this.prerelease, other.prerelease)
    );
  }

  equals(other: CelValue): boolean | Failure {
    return other instanceof SemverValue ? this.compare(other) === 0 : new Failure("no such overload");
  }
}

const order = <T>(one: T, other: T): number => (one < other ? -1 : one > other ? 1 : 0);

/** A version without one comes after all that have one. */
function comparePrereleases(one: readonly (bigint | string)[], other: readonly (bigint | string)[]): number {
  if (one.length === 0 || other.length === 0)
    return order(Number(one.length === 0), Number(other.length === 0));
  for (let index = 0; index < Math.min(one.length, other.length); index++) {
    const [a, b] = [one[index]!, other[index]!];
    const different = typeof a === typeof b ? order(a, b) : typeof a === "bigint" ? -1 : 1;
    if (different !== 0) return different;
  }
  return order(one.length, other.length);
}

/** Throws SyntaxError in the words of the library that upstream uses. */
export function parseSemver(text: string): SemverValue {
  if (text === "") throw new SyntaxError("Version string empty");
  const [major, minor, rest] = splitTwice(text);
  if (major === undefined || minor === undefined || rest === undefined) {
    throw new SyntaxError("No Major.Minor.Patch elements found");
  }
  const first = number(major, "major");
  const second = number(minor, "minor");
  const plus = rest.indexOf("+");
  const build = plus < 0 ? [] : rest.slice(plus + 1).split(".");
  const version = plus < 0 ? rest : rest.slice(0, plus);
  const dash = version.indexOf("-");
  const patch = number(dash < 0 ? version : version.slice(0, dash), "patch");
  const prerelease =
    dash < 0
      ? []
      : version
          .slice(dash + 1)
          .split(".")
          .map(prereleasePart);
  for (const part of build) {
    if (part === "") throw new SyntaxError("Build meta data is empty");
    if (!WORD.test(part))
      throw new SyntaxError(`Invalid character(s) found in build meta data ${quote(part)}`);
  }
  return new SemverValue([first, second, patch], prerelease);
}

const WORD = /^[A-Za-z0-9-]+$/;

function splitTwice(text: string): string[] {
  const [major, minor, ...rest] = text.split(".");
  return rest.length === 0 ? [] : [major!, minor!, rest.join(".")];
}

function number(text: string, name: string): bigint {
  if (/[^0-9]/.test(text))
    throw new SyntaxError(`Invalid character(s) found in ${name} number ${quote(text)}`);
  if (text.length > 1 && text.startsWith("0")) {
    const capital = name[0]!.toUpperCase() + name.slice(1);
    throw new SyntaxError(`${capital} number must not contain leading zeroes ${quote(text)}`);
  }
  return uint(text);
}

function uint(text: string): bigint {
  const why = text === "" ? "invalid syntax" : BigInt(text) >= 2n ** 64n ? "value out of range" : "";
  if (why) throw new SyntaxError(`strconv.ParseUint: parsing ${quote(text)}: ${why}`);
  return BigInt(text);
}

function prereleasePart(text: string): bigint | string {
  if (text === "") throw new SyntaxError("Prerelease is empty");
  if (/^\d+$/.test(text)) {
    if (text.length > 1 && text.startsWith("0")) {
      throw new SyntaxError(`Numeric PreRelease version must not contain leading zeroes ${quote(text)}`);
    }
    return uint(text);
  }
  if (!WORD.test(text)) throw new SyntaxError(`Invalid character(s) found in prerelease ${quote(text)}`);
  return text;
}

/** `v1.2` as `1.2.0`: without the letter, without leading zeros, with all three numbers. */
function normalized(text: string): string {
  const [first = "", second, third] = [...cut(text.replace(/^v/, ""))];
  const parts = [first, second, third].filter((part) => part !== undefined).map(withoutZeros);
  if (parts.length < 3) {
    if (/[+-]/.test(parts.at(-1)!)) {
      throw new SyntaxError("short version cannot contain PreRelease/Build meta data");
    }
    while (parts.length < 3) parts.push("0");
  }
  return parts.join(".");
}

function cut(text: string): string[] {
  const [first, second, ...rest] = text.split(".");
  return [first!, ...(second === undefined ? [] : [second]), ...(rest.length > 0 ? [rest.join(".")] : [])];
}

function withoutZeros(part: string): string {
  if (part.length <= 1) return part;
  const rest = part.replace(/^0+/, "");
  return /^\d/.test(rest) ? rest : `0${rest}`;
}

function parsed(text: string, normalize = false): Outcome {
  try {
    return parseSemver(normalize ? normalized(text) : text);
  } catch (error) {
    return new Failure((error as SyntaxError).message);
  }
}

const isSemver = (text: string, normalize = false): Outcome => !(parsed(text, normalize) instanceof Failure);

const on = (id: string, params: readonly CelType[], result: CelType, call: (...args: any[]) => Outcome) =>
  member({ id, params: [SEMVER, ...params], result }, call);

type Pair = (one: SemverValue, other: SemverValue) => Outcome;

export const semver: Library = {
  name: "kubernetes.Semver",
  functions: [
    {
      name: "semver",
      overloads: [
        overload({ id: "string_to_semver", params: [STRING], result: SEMVER }, parsed),
        overload({ id: "string_bool_to_semver", params: [STRING, BOOL], result: SEMVER }, parsed),
      ],
    },
    {
      name: "isSemver",
      overloads: [
        overload({ id: "is_semver_string", params: [STRING], result: BOOL }, isSemver),
        overload({ id: "is_semver_string_bool", params: [STRING, BOOL], result: BOOL }, isSemver),
      ],
    },
    {
      name: "isGreaterThan",
      overloads: [
        on("semver_is_greater_than", [SEMVER], BOOL, ((one, other) => one.compare(other) > 0) satisfies Pair),
      ],
    },
    {
      name: "isLessThan",
      overloads: [
        on("semver_is_less_than", [SEMVER], BOOL, ((one, other) => one.compare(other) < 0) satisfies Pair),
      ],
    },
    {
      name: "compareTo",
      overloads: [
        on("semver_compare_to", [SEMVER], INT, ((one, other) => one.compare(other)) satisfies Pair),
      ],
    },
    ...(["major", "minor", "patch"] as const).map((name) => ({
      name,
      overloads: [on(`semver_${name}`, [], INT, (version: SemverValue) => smallInt(version[name]))],
    })),
  ],
};
