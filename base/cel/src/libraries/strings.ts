/** More functions on texts: cel-go's extension `strings`, version 2. Positions count characters. */

import { shortEscapes } from "@knarr/std/quote.ts";
import type { FunctionDeclaration, Library } from "../library.ts";
import { ArrayList } from "../lists.ts";
import { show } from "../show.ts";
import { charactersIn } from "../source.ts";
import { INT, listOf, DYN, STRING } from "../types.ts";
import { Failure, type ListValue, type Outcome } from "../values.ts";
import { format } from "./format.ts";
import { formatChecks } from "./format-checks.ts";
import { member, overload, type Call } from "./signature.ts";
import type { CelType } from "../types.ts";

const outOfRange = (index: number | bigint): Failure => new Failure(`index out of range: ${index}`);

/** Texts without surrogates can be cut where JavaScript counts. */
const isPlain = (text: string): boolean => charactersIn(text) === text.length;

function slice(text: string, start: number, end?: number): string {
  return isPlain(text) ? text.slice(start, end) : [...text].slice(start, end).join("");
}

function charAt(text: string, index: number | bigint): Outcome {
  const at = Number(index);
  return at < 0 || at > charactersIn(text) ? outOfRange(index) : slice(text, at, at + 1);
}

function indexOf(text: string, part: string, from: number | bigint = 0): Outcome {
  if (part === "") return from;
  if (from < 0) return outOfRange(from);
  if (isPlain(text)) return from >= text.length ? -1 : text.indexOf(part, Number(from));
  const units = slice(text, 0, Number(from)).length;
  const found = text.indexOf(part, units);
  return found < 0 ? -1 : charactersIn(text.slice(0, found));
}

function lastIndexOf(text: string, part: string, from?: number | bigint): Outcome {
  const size = charactersIn(text);
  if (part === "") return from ?? size;
  if (from === undefined && Buffer.byteLength(text) < Buffer.byteLength(part)) return -1;
  const start = from ?? size - 1;
  if (start < 0) return outOfRange(start);
  if (start >= size) return -1;
  const found = text.lastIndexOf(part, slice(text, 0, Number(start)).length);
  return found < 0 ? -1 : charactersIn(text.slice(0, found));
}

function substring(text: string, start: number | bigint, end?: number | bigint): Outcome {
  const size = charactersIn(text);
  if (end !== undefined && start > end) {
    return new Failure(`invalid substring range. start: ${start}, end: ${end}`);
  }
  if (start < 0 || start > size) return outOfRange(start);
  if (end !== undefined && (end < 0 || end > size)) return outOfRange(end);
  return slice(text, Number(start), end === undefined ? undefined : Number(end));
}

/** An empty part is found before every character and at the end, as in Go. */
function replace(text: string, [old, by]: readonly [string, string], count: number | bigint = -1): string {
  let left = count < 0 ? Infinity : Number(count);
  return text.replace(old === "" ? /(?:)/gu : literal(old), (found) => (left-- > 0 ? by : found));
}

const literal = (text: string): RegExp => new RegExp(RegExp.escape(text), "g");

function split(text: string, separator: string, count: number | bigint = -1): Outcome {
  const limit = Number(count);
  if (limit === 0) return new ArrayList([]);
  const parts = separator === "" ? [...text] : text.split(separator);
  if (limit < 0 || parts.length <= limit) return new ArrayList(parts);
  const rest = parts.slice(limit - 1).join(separator);
  return new ArrayList([...parts.slice(0, limit - 1), rest]);
}

function join(list: ListValue, separator = ""): Outcome {
  const parts: string[] = [];
  for (const part of list) {
    if (typeof part !== "string") return new Failure(`join: invalid input: ${show(part)}`);
    parts.push(part);
  }
  return parts.join(separator);
}

/** Only what has a letter is escaped: all else stays as it is, printable or not. */
const quote = (text: string): string =>
  `"${text.toWellFormed().replace(/[\x07\b\f\n\r\t\v\\"]/g, (character) => shortEscapes[character]!)}"`;

/** What Unicode calls white space, which is not quite what JavaScript trims. */
const trim = (text: string): string =>
  text.replace(/^[\s\u0085]+|[\s\u0085]+$/g, (cut) => cut.replace(/[^\ufeff]/g, ""));

const texts = listOf(STRING);

/** A member of texts. */
function text(
  id: string,
  params: readonly CelType[],
  result: CelType,
  call: Call,
): FunctionDeclaration["overloads"][0] {
  return member({ id, params: [STRING, ...params], result }, call);
}

export const strings: Library = {
  name: "strings",
  checks: formatChecks,
  functions: [
    { name: "charAt", overloads: [text("string_char_at_int", [INT], STRING, charAt)] },
    {
      name: "indexOf",
      overloads: [
        text("string_index_of_string", [STRING], INT, indexOf),
        text("string_index_of_string_int", [STRING, INT], INT, indexOf),
      ],
    },
    {
      name: "lastIndexOf",
      overloads: [
        text("string_last_index_of_string", [STRING], INT, lastIndexOf),
        text("string_last_index_of_string_int", [STRING, INT], INT, lastIndexOf),
      ],
    },
    {
      name: "lowerAscii",
      overloads: [
        text("string_lower_ascii", [], STRING, (value: string) =>
          value.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()),
        ),
      ],
    },
    {
      name: "replace",
      overloads: [
        text("string_replace_string_string", [STRING, STRING], STRING, (value, old, by) =>
          replace(value, [old, by]),
        ),
        text("string_replace_string_string_int", [STRING, STRING, INT], STRING, (value, old, by, count) =>
          replace(value, [old, by], count),
        ),
      ],
    },
    {
      name: "split",
      overloads: [
        text("string_split_string", [STRING], texts, split),
        text("string_split_string_int", [STRING, INT], texts, split),
      ],
    },
    {
      name: "substring",
      overloads: [
        text("string_substring_int", [INT], STRING, substring),
        text("string_substring_int_int", [INT, INT], STRING, substring),
      ],
    },
    { name: "trim", overloads: [text("string_trim", [], STRING, trim)] },
    {
      name: "upperAscii",
      overloads: [
        text("string_upper_ascii", [], STRING, (value: string) =>
          value.replace(/[a-z]+/g, (letters) => letters.toUpperCase()),
        ),
      ],
    },
    { name: "format", overloads: [text("string_format", [listOf(DYN)], STRING, format)] },
    {
      name: "strings.quote",
      overloads: [overload({ id: "strings_quote", params: [STRING], result: STRING }, quote)],
    },
    {
      name: "join",
      overloads: [
        member({ id: "list_join", params: [texts], result: STRING }, join),
        member({ id: "list_join_string", params: [texts, STRING], result: STRING }, join),
      ],
    },
  ],
};
