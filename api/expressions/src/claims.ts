/**
 * Expressions of the authentication configuration: `claims` of a token, and the `user` that they make (KEP-3331).
 *
 * Claims are what JSON says, in which every number is a double. Names that CEL cannot write are written escaped (`claims.foo__dot__bar`),
 * at whatever depth.
 */

import { listOf, mapOf, STRING, struct, DYN, type CelType } from "@knarr/cel/types.ts";
import type { TypeProvider } from "@knarr/cel/library.ts";
import type { Program } from "@knarr/cel/program.ts";
import { Double, ListValue, MapValue, StructValue, type CelValue, type Outcome } from "@knarr/cel/values.ts";
import { kubernetesEnvironment } from "./environment.ts";
import { unescapeName } from "./escape.ts";

export interface ClaimsExpression {
  /** `compilation failed: …`; evaluating it then throws. */
  readonly error: string | undefined;
  readonly isBool: boolean;
  /** First-level claims that it selects. */
  readonly claims: ReadonlySet<string>;
  /** Text, boolean, null, or a list of these as JavaScript has them; undefined for anything else. Throws EvaluationError. */
  evaluate(input: object): unknown;
}

const USER = "kubernetes.UserInfo";
const userFields: Readonly<Record<string, CelType>> = {
  username: STRING,
  uid: STRING,
  groups: listOf(STRING),
  extra: mapOf(STRING, listOf(STRING)),
};
const userTypes: TypeProvider = {
  find: (name) => (name === USER ? struct(USER) : undefined),
  field: (type, field) => (type === USER ? userFields[field] : undefined),
};

const claimsEnvironment = kubernetesEnvironment.extend({ variables: { claims: mapOf(STRING, DYN) } });
const userEnvironment = kubernetesEnvironment.extend({ variables: { user: struct(USER) }, types: userTypes });

const compiled = new Map<string, ClaimsExpression>();

/** Of `claims`. Compiled once, however often it is asked for. */
export function compileClaims(expression: string): ClaimsExpression {
  return compiled.getOrInsertComputed(`claims ${expression}`, () => compile(expression, "claims"));
}

/** Of `user`, with username, uid, groups and extra. */
export function compileUser(expression: string): ClaimsExpression {
  return compiled.getOrInsertComputed(`user ${expression}`, () => compile(expression, "user"));
}

function compile(expression: string, variable: "claims" | "user"): ClaimsExpression {
  const environment = variable === "claims" ? claimsEnvironment : userEnvironment;
  const result = environment.compile(expression);
  let program: Program | undefined;
  return {
    error: result.ok ? undefined : `compilation failed: ${result.message}`,
    isBool: result.ok && result.type.kind === "bool",
    claims: new Set([...expression.matchAll(/\bclaims\s*\.\s*\??\s*(\w+)/g)].map(([, name]) => name!)),
    evaluate(input) {
      if (!result.ok) throw new SyntaxError(`compilation failed: ${result.message}`);
      program ??= result.program();
      const value = variable === "claims" ? valueOf(input) : new User(input as Record<string, unknown>);
      return plain(program.evaluate({ [variable]: value }).value);
    },
  };
}

function valueOf(raw: unknown): CelValue {
  if (typeof raw === "number") return new Double(raw);
  if (typeof raw === "string" || typeof raw === "boolean") return raw;
  if (Array.isArray(raw)) return new ClaimList(raw);
  return raw && typeof raw === "object" ? new ClaimMap(raw as Record<string, unknown>) : null;
}

class ClaimList extends ListValue {
  readonly #items: readonly unknown[];

  constructor(items: readonly unknown[]) {
    super();
    this.#items = items;
  }

  get size(): number {
    return this.#items.length;
  }

  at(index: number): CelValue {
    return valueOf(this.#items[index]);
  }
}

class ClaimMap extends MapValue {
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(fields: Readonly<Record<string, unknown>>) {
    super();
    this.#fields = fields;
  }

  get size(): number {
    return Object.keys(this.#fields).length;
  }

  find(key: CelValue): CelValue | undefined {
    if (typeof key !== "string") return undefined;
    const name = unescapeName(key) ?? key;
    return Object.hasOwn(this.#fields, name) ? valueOf(this.#fields[name]) : undefined;
  }

  keys(): Iterable<CelValue> {
    return Object.keys(this.#fields);
  }
}

class User extends StructValue {
  readonly type = struct(USER);
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(fields: Readonly<Record<string, unknown>>) {
    super();
    this.#fields = fields;
  }

  has(field: string): boolean {
    return Object.hasOwn(this.#fields, field);
  }

  override field(field: string): Outcome {
    return this.has(field) ? valueOf(this.#fields[field]) : super.field(field);
  }
}

function plain(value: CelValue): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (value instanceof ListValue) return [...value].map((item) => plain(item as CelValue));
  return undefined;
}
