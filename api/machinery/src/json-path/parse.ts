/** Reads the text of a path, as upstream's `jsonpath` does inside its braces. Errors are upstream's. */

import { quote } from "../quote.ts";
import {
  constantStep,
  existsStep,
  fieldStep,
  filterStep,
  recursiveStep,
  sliceStep,
  unionStep,
  wildcardStep,
  type Step,
} from "./steps.ts";

export function parseSteps(text: string): Step[] {
  return new Reader(text).steps();
}

/** What ends a field; any of these may be escaped by a backslash. */
const FIELD = /(?:\\[^]|[^\s.,[\]$@{}\\])*/y;
const NUMBER = /[+-]?[\d.]+/y;
const WORD = /[\p{L}\p{Nd}_][^\s.,[\]$@{}]*/uy;
const KEY = /^'([^']*)'$/;
const SLICE = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/;
const COMPARISON = /^([^!<>=]+)([!<>=]+)(.+?)$/s;

class Reader {
  readonly #text: string;
  readonly #steps: Step[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  steps(): Step[] {
    while (this.#at < this.#text.length) this.#step();
    return this.#steps;
  }

  #step(): void {
    const rest = this.#text.slice(this.#at);
    const first = rest[0]!;
    if (rest.startsWith("[?(")) return this.#filter();
    if (rest.startsWith("..")) return this.#recursive();
    if (first === " " || first === "@" || first === "$") this.#at++;
    else if (first === "[") this.#brackets();
    else if (first === '"' || first === "'") this.#steps.push(constantStep(this.#quoted(first)));
    else if (first === ".") {
      this.#at++;
      this.#field();
    } else if (/[+\-\d]/.test(first)) this.#number();
    else if (/[\p{L}_]/u.test(first)) this.#word();
    else if (first === "\n" || first === "\r") throw new SyntaxError("unclosed action");
    else throw new SyntaxError(`unrecognized character in action: ${codeOf(first)} '${first}'`);
  }

  #field(): void {
    const name = this.#match(FIELD);
    this.#steps.push(name === "*" ? wildcardStep : fieldStep(name.replaceAll("\\", "")));
  }

  #recursive(): void {
    if (this.#steps.at(-1) === recursiveStep) throw new SyntaxError("invalid multiple recursive descent");
    this.#at += 2;
    this.#steps.push(recursiveStep);
    if (/^[\p{L}\p{Nd}_]/u.test(this.#text.slice(this.#at))) this.#field();
  }

  #number(): void {
    const text = this.#match(NUMBER) || this.#text[this.#at++]!;
    const value = Number(text);
    if (Number.isNaN(value)) throw new SyntaxError(`cannot parse number ${text}`);
    this.#steps.push(constantStep(value));
  }

  #word(): void {
    const word = this.#match(WORD);
    if (word !== "true" && word !== "false") throw new SyntaxError(`unrecognized identifier ${word}`);
    this.#steps.push(constantStep(word === "true"));
  }

  #quoted(end: string): string {
    const start = ++this.#at;
    for (; ; this.#at++) {
      const character = this.#text[this.#at];
      if (character === undefined || character === "\n") throw new SyntaxError("unterminated quoted string");
      if (character === end && this.#text[this.#at - 1] !== "\\") break;
    }
    return this.#text.slice(start, this.#at++).replace(/\\(.)/gs, "$1");
  }

  #brackets(): void {
    const end = this.#text.indexOf("]", this.#at);
    if (end < 0) throw new SyntaxError("unterminated array");
    const inner = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    const parts = inner.split(",");
    if (parts.length > 1) this.#steps.push(unionStep(parts.map((part) => parseSteps(`[${part.trim()}]`))));
    else this.#steps.push(...bracketSteps(inner));
  }

  #filter(): void {
    const end = this.#endOfFilter();
    const inner = this.#text.slice(this.#at + "[?(".length, end);
    if (this.#text[end + 1] !== "]") throw new SyntaxError("unclosed array expect ]");
    this.#at = end + 2;
    const [, left, operator, right] = COMPARISON.exec(inner) ?? [];
    this.#steps.push(
      left === undefined
        ? existsStep(parseSteps(inner))
        : filterStep(parseSteps(left), operator!, parseSteps(right!)),
    );
  }

  /** The bracket that closes it, which is none in quotes. */
  #endOfFilter(): number {
    let quoteMark = "";
    for (let at = this.#at + "[?(".length; at < this.#text.length; at++) {
      const character = this.#text[at]!;
      if (character === "\n") break;
      if (quoteMark) {
        if (character === quoteMark && this.#text[at - 1] !== "\\") quoteMark = "";
      } else if (character === '"' || character === "'") quoteMark = character;
      else if (character === ")") return at;
    }
    throw new SyntaxError("unterminated filter");
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += text.length;
    return text;
  }
}

function bracketSteps(inner: string): Step[] {
  if (inner === "*")
    return [sliceStep({ start: undefined, end: undefined, isIndex: false, step: undefined })];
  const key = KEY.exec(inner);
  if (key) return parseSteps(`.${key[1]}`);
  const match = SLICE.exec(inner);
  if (!match) throw new SyntaxError(`invalid array index ${inner}`);
  const [, start = "", end, step] = match;
  const number = (text = ""): number | undefined => {
    if (text === "" || text === ":") return undefined;
    const value = Number(text.replace(":", ""));
    if (!Number.isInteger(value)) throw new SyntaxError(`array index ${quote(text)} is not a number`);
    return value;
  };
  return [
    sliceStep({ start: number(start), end: number(end), isIndex: end === undefined, step: number(step) }),
  ];
}

function codeOf(character: string): string {
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
}
