/** Random schemas of custom kinds, mostly structural, with rules in CEL that are mostly not right. */

import { hostileValue } from "./bodies.ts";
import { conditionOf, dynamicOf, expressionOf } from "./expressions.ts";
import type { Random } from "./random.ts";

/** Few, so that schemas, rules and objects mean the same fields. */
export const NAMES = ["a", "b", "name", "items", "size"];
const FORMATS = ["", "int32", "date-time", "byte", "duration", "email", "ipv4", "nonsense"];
const PATTERNS = ["^a*$", "(a+)+$", "[", "\\p{L}", "(?i)x"];

/** Mostly structural; `depth` 0 is an object, so that something can be in it. */
export function schemaOf(random: Random, depth: number): object {
  const type =
    depth === 0
      ? "object"
      : depth > 4
        ? "string"
        : random.pick(["object", "object", "array", "string", "integer", "number", "boolean"]);
  const rules = random.chance(0.25) && { "x-kubernetes-validations": random.some(3, () => ruleOf(random)) };
  const more = {
    ...rules,
    ...(random.chance(0.1) && { nullable: true }),
    ...(random.chance(0.03) && { default: hostileValue(random) }),
  };
  switch (type) {
    case "object":
      return { type, ...objectPart(random, depth), ...more };
    case "array":
      return {
        type,
        items: schemaOf(random, depth + 1),
        ...(random.chance(0.6) && { maxItems: random.pick([0, 5, 1000]) }),
        ...listPart(random),
        ...more,
      };
    case "string":
      return {
        type,
        ...(random.chance(0.5) && { maxLength: 20 }),
        ...(random.chance(0.2) && { pattern: random.pick(PATTERNS) }),
        ...(random.chance(0.2) && { format: random.pick(FORMATS) }),
        ...(random.chance(0.1) && { enum: ["a", random.pick(["b", "a"])] }),
        ...more,
      };
    default:
      return {
        type,
        ...(random.chance(0.3) && {
          minimum: random.pick([0, -1, 1e20]),
          multipleOf: random.pick([1, 0.1, 3]),
        }),
        ...more,
      };
  }
}

function objectPart(random: Random, depth: number): object {
  const sort = random.below(8);
  if (sort === 0) return { "x-kubernetes-preserve-unknown-fields": true };
  if (sort === 1) return { additionalProperties: schemaOf(random, depth + 1), maxProperties: 10 };
  const properties = Object.fromEntries(
    random.some(4, () => [random.pick(NAMES), schemaOf(random, depth + 1)]),
  );
  const required = random.chance(0.2) ? { required: [random.pick(NAMES)] } : {};
  const logic = random.chance(0.1) && {
    [random.pick(["anyOf", "oneOf", "allOf"])]: [{ required: ["a"] }, { not: { required: ["b"] } }],
  };
  return { properties, ...required, ...logic };
}

function listPart(random: Random): object {
  const type = random.pick(["atomic", "set", "map", undefined, undefined]);
  return type
    ? {
        "x-kubernetes-list-type": type,
        ...(type === "map" && { "x-kubernetes-list-map-keys": [random.pick(NAMES)] }),
      }
    : {};
}

const RIGHT = [
  "true",
  "self == self",
  "has(self.a) || true",
  "self == oldSelf",
  "!(1/0 > 0)",
  "'a'.matches(self.a)",
  "self.items.all(x, x == x)",
];

function ruleOf(random: Random): object {
  return {
    rule: ruleText(random),
    ...(random.chance(0.2) && {
      messageExpression: `string(${dynamicOf(random, ["self"], 3)})`,
    }),
    ...(random.chance(0.1) && { optionalOldSelf: true }),
  };
}

function ruleText(random: Random): string {
  if (random.chance(0.5)) return random.pick(RIGHT);
  return random.chance(0.1) ? expressionOf(random) : conditionOf(random, ["dyn(self)"]);
}
