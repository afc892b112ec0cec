/**
 * Random expressions of CEL. `expressionOf` makes anything, most of it ill typed; `dynamicOf` and `conditionOf` make what passes the checker, because
 * every part of it says that its type is known when it is run only, and so reaches the evaluation of every function with every sort of value.
 */

import {
  BINARY,
  CALLS,
  FIELDS,
  FUNCTIONS,
  LITERALS,
  MACROS,
  METHODS,
  PLACES,
  RECEIVED,
  ROOTS,
} from "./expression-words.ts";
import { texts } from "./hostile.ts";
import type { Random } from "./random.ts";

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
