/**
 * Random expressions of CEL. `expressionOf` makes anything, most of it ill typed; `dynamicOf` and `conditionOf` make what passes the checker, because
 * every part of it says that its type is known when it is run only, and so reaches the evaluation of every function with every sort of value.
 */

import { texts } from "./hostile.ts";
import type { Random } from "./random.ts";

const ROOTS = [
  "self",
  "oldSelf",
  "object",
  "oldObject",
  "request",
  "params",
  "variables",
  "authorizer",
  "x",
  "y",
];
const FIELDS = ["spec", "metadata", "name", "a", "b", "items", "size", "__proto__", "constructor", "labels"];
/** Without what CEL keeps for itself, and what it cannot spell. */
const PLACES = ["spec", "metadata", "name", "a", "b", "items", "size", "labels", "containers"];
const BINARY = ["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "in"];
const MACROS = ["all", "exists", "exists_one", "map", "filter"];
const METHODS = [
  "size",
  "startsWith",
  "endsWith",
  "contains",
  "matches",
  "split",
  "join",
  "lowerAscii",
  "replace",
  "substring",
  "find",
  "findAll",
  "sum",
  "min",
  "max",
  "indexOf",
  "isSorted",
  "orValue",
  "getFullYear",
  "getSeconds",
  "isGreaterThan",
  "asInteger",
  "format",
  "reverse",
  "flatten",
  "sort",
  "distinct",
  "slice",
  "value",
  "hasValue",
  "or",
  "charAt",
  "trim",
  "containsIP",
  "prefixLength",
  "major",
  "getHost",
  "getQuery",
];
const FUNCTIONS = [
  "size",
  "int",
  "uint",
  "double",
  "string",
  "bytes",
  "bool",
  "type",
  "dyn",
  "timestamp",
  "duration",
  "quantity",
  "isQuantity",
  "url",
  "isURL",
  "ip",
  "isIP",
  "cidr",
  "semver",
  "format.dns1123Label",
  "math.greatest",
  "math.least",
  "sets.contains",
  "optional.of",
  "lists.range",
  "base64.encode",
];
const LITERALS = [
  "0",
  "1",
  "-1",
  "9223372036854775807",
  "-9223372036854775808",
  "1u",
  "18446744073709551615u",
  "1.5",
  "1e308",
  "true",
  "false",
  "null",
  '""',
  '"a"',
  "b'\\xff'",
  "[]",
  "{}",
  "[1, 2, 3]",
  '{"a": 1}',
  '"10.0.0.1"',
  '"1Gi"',
  '"2026-01-01T00:00:00Z"',
  '"%s %d %f"',
  "r'(a+)+$'",
  '"(a*)*b"',
  "10000000",
];

export function expressionOf(random: Random, depth = 0): string {
  const inner = (): string => expressionOf(random, depth + 1);
  if (depth > 5 || random.chance(0.2)) return leaf(random);
  switch (random.below(11)) {
    case 0:
    case 1:
    case 2:
      return `(${inner()} ${random.pick(BINARY)} ${inner()})`;
    case 3:
      return `${inner()} ? ${inner()} : ${inner()}`;
    case 4:
      return `${inner()}.${random.pick(MACROS)}(${random.pick(["x", "y", "x, y"])}, ${inner()}${random.chance(0.1) ? `, ${inner()}` : ""})`;
    case 5:
      return `${inner()}.${random.pick(METHODS)}(${random.some(3, inner).join(", ")})`;
    case 6:
      return `${random.pick(FUNCTIONS)}(${random.some(3, inner).join(", ")})`;
    case 7:
      return `[${random.some(4, inner).join(", ")}]`;
    case 8:
      return `{${random.some(3, () => `${inner()}: ${inner()}`).join(", ")}}`;
    case 9:
      return `has(${random.pick(ROOTS)}.${random.pick(FIELDS)}.${random.pick(FIELDS)})`;
    default:
      return random.chance(0.5)
        ? `${random.pick(["!", "-", "!!"])}(${inner()})`
        : `${inner()}[${random.chance(0.2) ? "?" : ""}${inner()}]`;
  }
}

function leaf(random: Random): string {
  if (random.chance(0.03)) return random.pick(texts).slice(0, 300);
  if (random.chance(0.5)) return random.pick(LITERALS);
  const path = random.some(3, () => `.${random.chance(0.1) ? "?" : ""}${random.pick(FIELDS)}`).join("");
  return random.pick(ROOTS.slice(0, random.chance(0.8) ? 2 : undefined)) + path;
}

/** Functions and methods (with a receiver) by how many arguments they take. */
const CALLS: readonly (readonly [name: string, least: number, most: number])[] = [
  ...["size", "int", "uint", "double", "string", "bytes", "bool", "timestamp", "duration", "type"].map(
    (name) => [name, 1, 1] as const,
  ),
  ...[
    "quantity",
    "isQuantity",
    "url",
    "isURL",
    "ip",
    "isIP",
    "cidr",
    "isCIDR",
    "semver",
    "isSemver",
    "ip.isCanonical",
  ].map((name) => [name, 1, 1] as const),
  ...["sets.contains", "sets.equivalent", "sets.intersects"].map((name) => [name, 2, 2] as const),
];
const RECEIVED: readonly (readonly [name: string, least: number, most: number])[] = [
  ...[
    "size",
    "lowerAscii",
    "upperAscii",
    "trim",
    "sum",
    "min",
    "max",
    "isSorted",
    "getFullYear",
    "getSeconds",
    "asInteger",
    "sign",
  ].map((name) => [name, 0, 0] as const),
  ...[
    "getHost",
    "getQuery",
    "getEscapedPath",
    "isInteger",
    "asApproximateFloat",
    "family",
    "isLoopback",
    "prefixLength",
    "masked",
  ].map((name) => [name, 0, 0] as const),
  ...[
    "startsWith",
    "endsWith",
    "contains",
    "matches",
    "find",
    "indexOf",
    "split",
    "charAt",
    "add",
    "sub",
    "compareTo",
    "isGreaterThan",
    "containsIP",
  ].map((name) => [name, 1, 1] as const),
  ["getHours", 1, 1],
  ["findAll", 1, 2],
  ["join", 0, 1],
  ["substring", 1, 2],
  ["lastIndexOf", 1, 2],
  ["replace", 2, 3],
];

/** `roots` are the variables that there are, each dynamic. */
export function dynamicOf(random: Random, roots: readonly string[], depth = 0): string {
  const inner = (more: readonly string[] = []): string => dynamicOf(random, [...roots, ...more], depth + 1);
  const inners = (least: number, most: number): string =>
    Array.from({ length: least + random.below(most - least + 1) }, () => inner()).join(", ");
  if (depth > 4 || random.chance(0.15))
    return `dyn(${random.chance(0.6) ? random.pick(LITERALS) : placeOf(random, roots)})`;
  switch (random.below(9)) {
    case 0:
    case 1:
      return `dyn(${inner()} ${random.pick(BINARY)} ${inner()})`;
    case 2:
      return `dyn(${inner()} ? ${inner()} : ${inner()})`;
    case 3: {
      const name = `v${depth}`;
      return `dyn(${inner()}.${random.pick(MACROS)}(${name}, ${inner([name])}))`;
    }
    case 4: {
      const [name, least, most] = random.pick(RECEIVED);
      return `dyn(${inner()}.${name}(${inners(least, most)}))`;
    }
    case 5: {
      const [name, least, most] = random.pick(CALLS);
      return `dyn(${name}(${inners(least, most)}))`;
    }
    case 6:
      return `dyn([${inners(0, 3)}])`;
    case 7:
      return `dyn({${random.some(3, () => `${inner()}: ${inner()}`).join(", ")}})`;
    default:
      return `dyn(${random.chance(0.5) ? `-${inner()}` : `${inner()}[${inner()}]`})`;
  }
}

/** Evaluates to a boolean, or fails. */
export function conditionOf(random: Random, roots: readonly string[]): string {
  const one = dynamicOf(random, roots);
  return random.chance(0.3)
    ? `bool(${one})`
    : `${one} ${random.pick(["==", "!=", "<", "in", ">="])} ${dynamicOf(random, roots, 3)}`;
}

function placeOf(random: Random, roots: readonly string[]): string {
  return random.pick(roots) + random.some(3, () => `.${random.pick(PLACES)}`).join("");
}
