/**
 * Validation findings. A validator is handed the errors so far and a place to stand, and adds to
 * them; it never throws and never stops at the first, because users want the whole list at once.
 *
 *     errors.at("spec").at("replicas").invalid(-1, "must be greater than or equal to 0")
 *     // spec.replicas: Invalid value: -1: must be greater than or equal to 0
 */

import { semanticEqual } from "./equal.ts";
import { goFloat } from "./patch/go-print.ts";
import { goJson, quote } from "./quote.ts";

export interface FieldError {
  /** Upstream's cause type, e.g. `FieldValueInvalid`. */
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

export class FieldErrors {
  readonly list: FieldError[];
  readonly #parent: FieldErrors | string;
  readonly #step: string | number | readonly [key: string];

  constructor(
    path: FieldErrors | string = "",
    list: FieldError[] = [],
    step: string | number | readonly [key: string] = "",
  ) {
    this.#parent = path;
    this.#step = step;
    this.list = list;
  }

  /** Put together only when asked for: most fields are fine, and validation visits thousands. */
  get path(): string {
    if (typeof this.#parent === "string") return this.#parent;
    const before = this.#parent.path;
    if (typeof this.#step !== "string") return `${before}[${this.#step}]`;
    return before ? `${before}.${this.#step}` : this.#step;
  }

  /** The same list, seen from a field (`at("spec")`), an index (`at(0)`) or a map key (`at(["a/b"])`). */
  at(step: string | number | readonly [key: string]): FieldErrors {
    return new FieldErrors(this, this.list, step);
  }

  /** The same place, of another list. */
  into(list: FieldError[]): FieldErrors {
    return new FieldErrors(this.#parent, list, this.#step);
  }

  required(hint = ""): void {
    this.add("FieldValueRequired", `Required value${hint && `: ${hint}`}`);
  }

  invalid(value: unknown, why: string): void {
    this.add("FieldValueInvalid", `Invalid value: ${show(value)}${why && `: ${why}`}`);
  }

  /** Where upstream does not show the value. */
  wrong(why: string): void {
    this.add("FieldValueInvalid", `Invalid value: ${why}`);
  }

  /** Where upstream does not show the value. */
  invalidUnshown(why: string): void {
    this.add("FieldValueInvalid", `Invalid value: ${why}`);
  }

  notSupported(value: unknown, supported: readonly string[]): void {
    const list = supported.length ? `: supported values: ${supported.map(quote).join(", ")}` : "";
    this.add("FieldValueNotSupported", `Unsupported value: ${show(value)}${list}`);
  }

  duplicate(value: unknown): void {
    this.add("FieldValueDuplicate", `Duplicate value: ${show(value)}`);
  }

  forbidden(why: string): void {
    this.add("FieldValueForbidden", `Forbidden${why && `: ${why}`}`);
  }

  notFound(value: unknown): void {
    this.add("FieldValueNotFound", `Not found: ${show(value)}`);
  }

  tooLong(max: number): void {
    this.add("FieldValueTooLong", `Too long: may not be more than ${max} ${max === 1 ? "byte" : "bytes"}`);
  }

  /** Where upstream counts characters instead of bytes. */
  tooLongCharacters(max: number): void {
    const unit = max === 1 ? "character" : "characters";
    this.add("FieldValueTooLong", `Too long: may not be more than ${max} ${unit}`);
  }

  tooShort(min: number): void {
    const unit = min === 1 ? "character" : "characters";
    this.add("FieldValueTooShort", `Too short: must be at least ${min} ${unit}`);
  }

  tooFew(actual: number, min: number): void {
    this.add(
      "FieldValueTooFew",
      `Too few: ${actual}: must have at least ${min} ${min === 1 ? "item" : "items"}`,
    );
  }

  tooMany(actual: number, max: number): void {
    this.add(
      "FieldValueTooMany",
      `Too many: ${actual}: must have at most ${max} ${max === 1 ? "item" : "items"}`,
    );
  }

  typeInvalid(value: unknown, why: string): void {
    this.add("FieldValueTypeInvalid", `Invalid value: ${show(value)}: ${why}`);
  }

  internal(why: string): void {
    this.add("InternalError", `Internal error: ${why}`);
  }

  /** For fields that may never change after creation. */
  immutable(now: unknown, before: unknown): void {
    if (!semanticEqual(now, before)) this.invalid(now, "field is immutable");
  }

  add(reason: string, message: string): void {
    this.list.push({ reason, message, field: this.path });
  }
}

/** A value as upstream shows it: text in quotes, null for nothing, JSON for the rest. */
function show(value: unknown): string {
  if (typeof value === "number" && !Number.isInteger(value)) return goFloat(value);
  return typeof value === "string" ? quote(value) : goJson(value);
}
