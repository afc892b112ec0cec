/**
 * `fieldPath` of rules, and paths of selectable fields: fields and keys below a value, as JSON paths write them.
 *
 *     .spec.labels['a.b']   →   "spec", "labels", ["a.b"]
 */

import type { RuleSchema } from "./rule-schema.ts";

/** A field, or the key of a map. */
export type PathStep = string | readonly [key: string];

export type ParsedPath =
  { readonly steps: readonly PathStep[]; readonly schema: RuleSchema } | { readonly error: string };

/** As messages write it. */
export function pathText(steps: readonly PathStep[]): string {
  return steps
    .map((step, index) => (typeof step === "string" ? (index === 0 ? step : `.${step}`) : `[${step[0]}]`))
    .join("");
}

const TOKEN = /'(?:[^'\\]|\\[^])*'|[.[\]]|[^.[\]']+|'[^]*/g;
const UNQUOTED: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "'": "'",
  "\\": "\\",
};

class BadPath extends Error {}

/** `allowsKeys: false` refuses `['key']`, as selectable fields must. */
export function parseFieldPath(
  path: string,
  schema: RuleSchema,
  { allowsKeys = true }: { readonly allowsKeys?: boolean } = {},
): ParsedPath {
  try {
    return parsed(path, schema, allowsKeys);
  } catch (error) {
    if (error instanceof BadPath) return { error: error.message };
    throw error;
  }
}

function parsed(path: string, root: RuleSchema, allowsKeys: boolean): ParsedPath {
  const tokens = path.match(TOKEN) ?? [];
  const steps: PathStep[] = [];
  let schema = root;
  const take = (name: string): void => {
    const next = stepInto(schema, name);
    steps.push(next.step);
    schema = next.schema;
  };
  for (let at = 0; at < tokens.length;) {
    const token = tokens[at++]!;
    if (token === ".") {
      const name = tokens[at++];
      if (name === undefined) throw new BadPath("unexpected end of JSON path");
      take(name);
    } else if (token === "[") {
      if (!allowsKeys) throw new BadPath("array notation is not allowed");
      const quoted = tokens[at++];
      if (quoted === undefined) throw new BadPath("unexpected end of JSON path");
      take(unquoted(quoted));
      const end = tokens[at++];
      if (end === undefined) throw new BadPath("unexpected end of JSON path");
      if (end !== "]") throw new BadPath(`expected ] but got ${end}`);
    } else throw new BadPath(`expected [ or . but got: ${token}`);
  }
  return { steps, schema };
}

function stepInto(schema: RuleSchema, name: string): { step: PathStep; schema: RuleSchema } {
  const { properties, additionalProperties } = schema;
  if (properties) {
    if (Object.hasOwn(properties, name)) return { step: name, schema: properties[name]! };
    throw new BadPath("does not refer to a valid field");
  }
  if (additionalProperties === undefined || additionalProperties === null)
    throw new BadPath("does not refer to a valid field");
  // Nothing is known of values that may be anything.
  return { step: [name], schema: typeof additionalProperties === "object" ? additionalProperties : {} };
}

function unquoted(token: string): string {
  if (token.length < 2 || !token.startsWith("'") || !token.endsWith("'")) {
    throw new BadPath(`expected single quoted string but got ${token}`);
  }
  return token.slice(1, -1).replace(/\\([^])/g, (whole, sign: string) => {
    if (Object.hasOwn(UNQUOTED, sign)) return UNQUOTED[sign]!;
    throw new BadPath(`invalid string literal: invalid escape char ${whole}`);
  });
}
