/**
 * Paths into an object by its schema: `.spec.color`, `.spec['a.b']`. Rules say with them which field a finding is about,
 * definitions which fields can be selected by.
 */

import type { RuleSchema } from "./rule-schema.ts";

export type FieldPath = {
  /** As `FieldErrors.at` takes them: a field by name, an entry of a map by its key in a list of one. */
  readonly steps: readonly (string | readonly [string])[];
  /** Of what the path leads to. */
  readonly schema: RuleSchema;
};

export interface FieldPathOptions {
  /** Default: true. Without, `['key']` is no part of a path. */
  readonly allowsKeys?: boolean;
}

const NOT_A_FIELD = "does not refer to a valid field";

/** The path, or what is wrong with it, in upstream's words. */
export function parseFieldPath(
  path: string,
  schema: RuleSchema,
  { allowsKeys = true }: FieldPathOptions = {},
): FieldPath | { readonly error: string } {
  try {
    return new PathReader(path, schema).read({ allowsKeys });
  } catch (err) {
    if (err instanceof SyntaxError) return { error: err.message };
    throw err;
  }
}

class PathReader {
  readonly #tokens: readonly string[];
  readonly #steps: (string | readonly [string])[] = [];
  #schema: RuleSchema;
  #at = 0;

  constructor(path: string, schema: RuleSchema) {
    this.#tokens = tokensOf(path);
    this.#schema = schema;
  }

  read({ allowsKeys }: Required<FieldPathOptions>): FieldPath {
    while (this.#at < this.#tokens.length) {
      const token = this.#next();
      if (token === ".") this.#step(this.#next());
      else if (token !== "[") throw new SyntaxError(`expected [ or . but got: ${token}`);
      else if (!allowsKeys) throw new SyntaxError("array notation is not allowed");
      else this.#key();
    }
    return { steps: this.#steps, schema: this.#schema };
  }

  #next(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new SyntaxError("unexpected end of JSON path");
    return token;
  }

  #key(): void {
    const token = this.#next();
    if (token.length < 2 || !token.startsWith("'") || !token.endsWith("'"))
      throw new SyntaxError(`expected single quoted string but got ${token}`);
    this.#step(unescape(token.slice(1, -1)));
    const end = this.#next();
    if (end !== "]") throw new SyntaxError(`expected ] but got ${end}`);
  }

  #step(name: string): void {
    const { properties, additionalProperties } = this.#schema;
    let inner: RuleSchema | undefined;
    if (properties && Object.keys(properties).length > 0) {
      if (Object.hasOwn(properties, name)) inner = properties[name];
      this.#steps.push(name);
    } else if (typeof additionalProperties === "object") {
      inner = additionalProperties;
      this.#steps.push([name]);
    }
    if (!inner) throw new SyntaxError(NOT_A_FIELD);
    this.#schema = inner;
  }
}

/** Dots and brackets alone, quoted texts whole, and what stands between. */
function tokensOf(path: string): readonly string[] {
  return path.match(/[.[\]]|'(?:\\'|[^'])*'|'.*|[^.[\]]+/gs) ?? [];
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "'": "'",
  "\\": "\\",
};

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/gs, (escape, character: string) => {
    const meant = ESCAPES[character];
    if (meant === undefined) throw new SyntaxError(`invalid string literal: invalid escape char ${escape}`);
    return meant;
  });
}
