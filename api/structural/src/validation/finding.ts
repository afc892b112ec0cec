/**
 * What a schema finds wrong with a value, before it is known whether anybody hears of it: findings of an `anyOf` that
 * found its match are forgotten, those of a value that did not change too.
 */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { goJson, quote, sortedKeys } from "@knarr/machinery/quote.ts";

export interface Finding {
  /** From the root of the schema: `spec.list[0].name`. Undefined for what upstream says of no field in particular. */
  readonly path: string | undefined;
  /** What is wrong, in the words of kube-openapi: two findings of the same words are one. */
  readonly text: string;
  /** Tells it in the words of the API. */
  tell(errors: FieldErrors): void;
}

/** What one schema has to say of one value. */
export class Findings {
  readonly list: Finding[] = [];
  /** How much of the schema the value met: of several schemas that all refuse it, the one it came closest to is heard. */
  matches = 0;

  add(finding: Finding): void {
    if (!this.list.some(({ text }) => text === finding.text)) this.list.push(finding);
  }

  merge(other: Findings): void {
    this.matches += other.matches;
    for (const finding of other.list) this.add(finding);
  }

  get isEmpty(): boolean {
    return this.list.length === 0;
  }
}

export function required(path: string): Finding {
  return { path, text: `${path} in body is required`, tell: (errors) => errors.required() };
}

export function wrongType(path: string, wanted: string, value: string): Finding {
  const text = `${path} in body must be of type ${wanted}: ${quote(value)}`;
  return { path, text, tell: (errors) => errors.typeInvalid(value, text) };
}

export function invalid(path: string, value: unknown, says: string): Finding {
  const text = `${path} in body ${says}`;
  return { path, text, tell: (errors) => errors.invalid(sortedKeys(value), text) };
}

/** `shown`: as Go prints it, which depends on what it took the number for. */
export function invalidNumber(path: string, shown: string, text: string): Finding {
  return {
    path,
    text,
    tell: (errors) => errors.add("FieldValueInvalid", `Invalid value: ${shown}: ${text}`),
  };
}

export function notInEnum(path: string, value: unknown, values: readonly unknown[]): Finding {
  const supported = values.map((one) => (typeof one === "string" ? one : goJson(sortedKeys(one))));
  return {
    path,
    text: `${path} in body should be one of [${supported.join(" ")}]`,
    tell: (errors) => errors.notSupported(sortedKeys(value ?? null), supported),
  };
}

export function tooLong(path: string, max: number): Finding {
  const text = `${path} in body should be at most ${max} chars long`;
  return { path, text, tell: (errors) => errors.tooLong(max) };
}

/** Items or properties. */
export function tooMany(
  path: string,
  actual: number,
  { max, of }: { readonly max: number; readonly of: string },
): Finding {
  const text = `${path} in body should have at most ${max} ${of}`;
  return { path, text, tell: (errors) => errors.tooMany(actual, max) };
}

/** About the schema as a whole. */
export function general(text: string): Finding {
  return { path: undefined, text, tell: (errors) => errors.invalid("", text) };
}
