/**
 * Configuration files as administrators write them (YAML or JSON, one object), typed by a schema as upstream's strict decoder has it: null is nothing,
 * fields have their types, and those that there are not are refused. Every finding names its field and what stands there:
 *
 *     Cannot use the audit policy /etc/policy.yaml: rules[0].users: Invalid value: 5: must be a list
 */

import { readFileSync } from "node:fs";
import type { Schema } from "@knarr/schema/schema.ts";
import { parseYaml } from "./decode/yaml.ts";
import type { FieldError, FieldErrors } from "./field.ts";
import { quote } from "./quote.ts";
import { parseDuration } from "./time.ts";

export interface ConfigFormat {
  /** What it may be, as `audit.k8s.io/v1 Policy`. */
  readonly kinds: readonly string[];
  readonly schema: Schema;
  /** It may leave out its `apiVersion` and `kind`. */
  readonly isNamedByUse?: boolean;
  /** Gets the fields that there are not, where upstream ignores them; without it they are refused. */
  readonly ignored?: FieldError[];
  /** What stands there is not repeated in findings. */
  readonly isSecret?: boolean;
}

export const TEXT: Schema = { type: "string" };
export const FLAG: Schema = { type: "boolean" };
export const DURATION: Schema = { type: "string", format: "duration" };
export const TEXTS: Schema = listOf(TEXT);

export function listOf(items: Schema): Schema {
  return { type: "array", items };
}

export function fields(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: "object", properties: new Map(Object.entries(properties)) };
}

/** `place` is what the file is, with its path. Throws an Error that says why it cannot be read. */
export function readConfigFile(path: string, place: string): unknown {
  return parseConfig(
    within(place, () => readFileSync(path)),
    place,
  );
}

/** As `readConfigFile`, of a file that is read already. Keys that stand twice are refused; with `ignored` they go there, and the last one holds. */
export function parseConfig(text: string | Uint8Array, place: string, ignored?: FieldError[]): unknown {
  return within(place, () => {
    const { value, duplicates } = parseYaml(typeof text === "string" ? Buffer.from(text) : text);
    for (const duplicate of duplicates) {
      const message = duplicate.replaceAll(/\n\s*/g, " ");
      if (!ignored) throw new SyntaxError(message);
      ignored.push({ reason: "FieldValueDuplicate", field: "", message });
    }
    return value;
  });
}

function within<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (err) {
    throw new Error(`Cannot read ${place}: ${(err as Error).message.split("\n")[0]}`, { cause: err });
  }
}

/** What of `value` has the types that it should, a copy; `errors` get the rest, and nothing else when it is of another kind. */
export function typedConfig<T>(value: unknown, format: ConfigFormat, errors: FieldErrors): T {
  const reading = new Reading(format);
  if (!isObject(value)) {
    reading.mistyped(value, "fields and values", errors);
    return {} as T;
  }
  const { apiVersion, kind, ...rest } = value;
  const isUnnamed = (apiVersion ?? kind ?? "") === "" && format.isNamedByUse;
  const name = [apiVersion, kind].filter((part) => typeof part === "string").join(" ");
  if (!isUnnamed && !format.kinds.includes(name)) {
    errors.at("kind").notSupported(name, format.kinds);
    return {} as T;
  }
  return { apiVersion, kind, ...(reading.read(rest, format.schema, errors) as object) } as T;
}

/** Findings that are shown; who has more has another file in mind. */
const MOST_FINDINGS = 20;
const MOST_CHARACTERS = 400;

/** Throws an Error with what was found, if anything was. */
export function refuseFindings({ list }: FieldErrors, place: string): void {
  if (list.length === 0) return;
  const shown = list
    .slice(0, MOST_FINDINGS)
    .map(({ field, message }) => [field, message].filter(Boolean).map(short).join(": "));
  if (list.length > MOST_FINDINGS) shown.push(`and ${list.length - MOST_FINDINGS} more`);
  throw new Error(`Cannot use ${place}: ${shown.join("; ")}`);
}

function short(text: string): string {
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

class Reading {
  readonly #format: ConfigFormat;

  constructor(format: ConfigFormat) {
    this.#format = format;
  }

  /** Undefined for what has another type. */
  read(value: unknown, schema: Schema, errors: FieldErrors): unknown {
    switch (schema.type) {
      case "object":
        return isObject(value)
          ? this.#object(value, schema, errors)
          : this.mistyped(value, "fields and values", errors);
      case "array":
        return Array.isArray(value)
          ? value.map((item, i) => this.#element(item, schema.items!, errors.at(i)))
          : this.mistyped(value, "a list", errors);
      case "string":
        return this.#text(value, schema, errors);
      case "boolean":
        return typeof value === "boolean" ? value : this.mistyped(value, "true or false", errors);
      case "integer":
        return Number.isInteger(value) ? value : this.mistyped(value, "a whole number", errors);
      default:
        return value;
    }
  }

  #object(value: Record<string, unknown>, schema: Schema, errors: FieldErrors): object {
    const { properties } = schema;
    const found: [string, unknown][] = [];
    for (const [name, inner] of Object.entries(value)) {
      const wanted = properties ? properties.get(name) : schema.values;
      if (!wanted)
        this.#unknown(
          [...(properties?.keys() ?? [])],
          errors.at(/^[\w.-]+$/.test(name) ? name : [quote(name)]),
        );
      else if (inner !== null) {
        const read = this.read(inner, wanted, errors.at(properties ? name : [name]));
        if (read !== undefined) found.push([name, read]);
      }
    }
    return Object.fromEntries(found);
  }

  #unknown(known: readonly string[], at: FieldErrors): void {
    const { ignored } = this.#format;
    const findings = ignored ? at.into(ignored) : at;
    findings.forbidden(`there is no such field; there are ${known.join(", ") || "none"}`);
  }

  /** Null in a list is what is empty. */
  #element(value: unknown, schema: Schema, errors: FieldErrors): unknown {
    const empty = schema.type === "object" ? {} : schema.type === "array" ? [] : "";
    return value === null ? empty : (this.read(value, schema, errors) ?? empty);
  }

  #text(value: unknown, { format }: Schema, errors: FieldErrors): unknown {
    if (typeof value !== "string") return this.mistyped(value, "text", errors);
    if (
      format === "byte" &&
      !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(
        value.replaceAll(/[\r\n]/g, ""),
      )
    )
      return this.mistyped(value, "base64", errors);
    if (format === "duration" && !isDuration(value))
      return this.mistyped(value, "a duration, as 30s", errors);
    return value;
  }

  mistyped(value: unknown, wanted: string, errors: FieldErrors): undefined {
    const text = this.#format.isSecret ? "<omitted>" : (JSON.stringify(value) ?? "nothing");
    errors.wrong(`${text.length > 100 ? `${text.slice(0, 100)}…` : text}: must be ${wanted}`);
  }
}

function isDuration(text: string): boolean {
  try {
    return parseDuration(text) !== undefined;
  } catch {
    return false; // how it is none says no more
  }
}
