/**
 * The text of an expression, and how messages point into it.
 *
 * Offsets are indexes of the JavaScript string; lines and columns count characters, so that an emoji is one. A message looks
 * like
 *
 *     ERROR: <input>:1:6: undeclared reference to 'x' (in container '')
 *      | 1 + (x)
 *      | .....^
 */

import type { Issue } from "./environment.ts";

export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 0. */
  readonly column: number;
}

/** Of what no place in the text is to blame for. */
export const NOWHERE: Position = { line: -1, column: -1 };

const LONGEST_SNIPPET = 16384;
const MOST_ISSUES = 100;

export class Source {
  readonly text: string;
  #lines: readonly string[] | undefined;

  constructor(text: string) {
    this.text = text;
  }

  positionOf(offset: number): Position {
    let line = 1;
    let start = 0;
    for (let end = this.text.indexOf("\n"); end >= 0 && end < offset; end = this.text.indexOf("\n", start)) {
      line++;
      start = end + 1;
    }
    return {
      line,
      column: charactersIn(this.text.slice(start, offset)) + Math.max(0, offset - this.text.length),
    };
  }

  /** Issues in the order of the text, as upstream prints them. */
  describe(issues: readonly Issue[]): string {
    const sorted = issues.toSorted((one, other) => one.line - other.line || one.column - other.column);
    const shown = sorted.slice(0, MOST_ISSUES).map((issue) => this.#describe(issue));
    const more = sorted.length - shown.length;
    return [...shown, ...(more > 0 ? [`${more} more errors were truncated`] : [])].join("\n");
  }

  #describe({ line, column, message }: Issue): string {
    const head = `ERROR: <input>:${line}:${column + 1}: ${message}`;
    const snippet = this.#line(line)?.replaceAll("\t", " ");
    if (snippet === undefined || Buffer.byteLength(snippet) > LONGEST_SNIPPET) return head;
    const characters = [...snippet];
    const marks = characters
      .slice(0, Math.max(0, column))
      .map((character) => (isWide(character) ? "．" : "."));
    return `${head}\n | ${snippet}\n | ${marks.join("")}${isWide(characters[column]) ? "＾" : "^"}`;
  }

  #line(number: number): string | undefined {
    if (this.text === "") return undefined;
    this.#lines ??= this.text.split("\n");
    return this.#lines[number - 1];
  }
}

/** More than one byte in UTF-8: upstream marks it with a mark as wide. */
const isWide = (character: string | undefined): boolean =>
  character !== undefined && character.codePointAt(0)! > 0x7f;

/** What `size()` of a text counts. */
export function charactersIn(text: string): number {
  let pairs = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0xd800 && unit < 0xdc00 && isLow(text.charCodeAt(index + 1))) {
      pairs++;
      index++;
    }
  }
  return text.length - pairs;
}

const isLow = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000;
