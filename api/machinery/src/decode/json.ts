/**
 * JSON text to values. The happy path is JSON.parse and one walk over the bytes; only texts that need it (a key twice,
 * a number with a fraction, broken syntax) are read again by a parser of our own, which keeps what JSON.parse loses
 * and names what is wrong in Go's words.
 */

import { quote } from "../quote.ts";

/** A number that is not written as a whole number: Go refuses `1.0` and `1e3` for an int, and quantities keep the text. */
export class NumberText {
  readonly text: string;
  readonly value: number;

  constructor(text: string) {
    this.text = text;
    this.value = Number(text);
  }
}

/** An object with all its keys in order, those given twice too. */
export class Pairs {
  readonly entries: (readonly [key: string, value: unknown])[] = [];
}

export interface ParsedJson {
  readonly value: unknown;
  /** Some key stands twice in one object; `parsePairs` gives both. */
  readonly hasDuplicates: boolean;
  /** `value` may hold `NumberText` (only when asked for). */
  readonly hasNumberTexts: boolean;
}

export interface ParseOptions {
  /** Numbers that are not written as whole ones come as `NumberText`; `convert` wants them so. */
  readonly numberTexts?: boolean;
}

/**
 * Go reads ten times as deep. Whatever walks through objects here does it by recursion, and JavaScript's stack bears some thousand steps of the
 * longest way; YAML and protobuf end here, too.
 */
export const MAX_DEPTH = 1000;

/** Throws SyntaxError in Go's words. */
export function parseJson(bytes: Uint8Array, { numberTexts = false }: ParseOptions = {}): ParsedJson {
  const shape = look(bytes);
  if (shape.depth > MAX_DEPTH) throw new SyntaxError("exceeded max depth");
  const text = textOf(bytes);
  if (numberTexts && shape.hasFractions) {
    const value = new JsonParser(text, { pairs: false }).parse();
    return {
      value: shape.hasCodes ? wellFormed(value) : value,
      hasDuplicates: countKeys(value) !== shape.keys,
      hasNumberTexts: true,
    };
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (err) {
    throw syntaxProblem(text, err);
  }
  if (shape.hasCodes) value = wellFormed(value);
  return { value, hasDuplicates: countKeys(value) !== shape.keys, hasNumberTexts: false };
}

/** Half of a pair of surrogates, which only an escape can bring, is U+FFFD in Go, and in whatever is stored. */
function wellFormed(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (typeof value !== "object" || value === null || value instanceof NumberText) return value;
  if (Array.isArray(value)) return value.map(wellFormed);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.toWellFormed(), wellFormed(inner)]),
  );
}

/** The same text with nothing lost: objects are `Pairs`. For naming what is wrong, not for speed. */
export function parsePairs(bytes: Uint8Array): unknown {
  return new JsonParser(textOf(bytes), { pairs: true }).parse();
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

/** What JSON.parse complains of, in Go's words where our parser sees it too. */
function syntaxProblem(text: string, cause: unknown): SyntaxError {
  try {
    new JsonParser(text, { pairs: true }).parse();
  } catch (err) {
    return err as SyntaxError;
  }
  return new SyntaxError((cause as Error).message, { cause });
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

interface Shape {
  readonly keys: number;
  readonly depth: number;
  /** A number with a fraction or exponent. */
  readonly hasFractions: boolean;
  /** Characters by their code: `\\u00e9`. */
  readonly hasCodes: boolean;
}

/** One walk over the bytes. */
function look(bytes: Uint8Array): Shape {
  let keys = 0;
  let depth = 0;
  let deepest = 0;
  let hasFractions = false;
  let hasCodes = false;
  for (let i = 0; i < bytes.length; i++) {
    switch (bytes[i]) {
      case QUOTE:
        for (i++; i < bytes.length && bytes[i] !== QUOTE; i++)
          if (bytes[i] === BACKSLASH && bytes[++i] === LETTER_U) hasCodes = true;
        break;
      case 0x3a: // :
        keys++;
        break;
      case 0x7b: // {
      case 0x5b: // [
        if (++depth > deepest) deepest = depth;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        depth--;
        break;
      case 0x2e: // .
        hasFractions = true;
        break;
      case 0x65: // e, E: an exponent when a digit stands before it, the end of `true` or `false` otherwise
      case 0x45:
        if (i > 0 && bytes[i - 1]! >= 0x30 && bytes[i - 1]! <= 0x39) hasFractions = true;
        break;
      default:
    }
  }
  return { keys, depth: deepest, hasFractions, hasCodes };
}

/** Keys of all objects in `value`; without recursion, because depth is the sender's choice. */
function countKeys(value: unknown): number {
  let count = 0;
  const open: unknown[] = [value];
  for (let item = open.pop(); open.length > 0 || item !== undefined; item = open.pop()) {
    if (typeof item !== "object" || item === null || item instanceof NumberText) continue;
    if (Array.isArray(item)) {
      for (const inner of item) if (typeof inner === "object") open.push(inner);
    } else {
      for (const key in item) {
        count++;
        const inner = (item as Record<string, unknown>)[key];
        if (typeof inner === "object") open.push(inner);
      }
    }
  }
  return count;
}

const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const LITERALS = new Map<string, unknown>([
  ["t", true],
  ["f", false],
  ["n", null],
]);

class JsonParser {
  readonly #text: string;
  readonly #pairs: boolean;
  #at = 0;
  #depth = 0;

  constructor(text: string, { pairs }: { pairs: boolean }) {
    this.#text = text;
    this.#pairs = pairs;
  }

  parse(): unknown {
    const value = this.#value("looking for beginning of value");
    this.#space();
    if (this.#at < this.#text.length) this.#fail("after top-level value");
    return value;
  }

  #value(expected: string): unknown {
    this.#space();
    const first = this.#text[this.#at];
    switch (first) {
      case "{":
        return this.#nested(() => this.#object());
      case "[":
        return this.#nested(() => this.#list());
      case '"':
        return this.#string();
      case "t":
      case "f":
      case "n":
        return this.#literal(first);
      default:
        if (first === undefined || !/[-0-9]/.test(first)) this.#fail(expected);
        return this.#number();
    }
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) throw new SyntaxError("exceeded max depth");
    this.#at++;
    const value = read();
    this.#depth--;
    return value;
  }

  #object(): unknown {
    const pairs = new Pairs();
    this.#space();
    if (this.#text[this.#at] === "}") this.#at++;
    else
      for (;;) {
        this.#space();
        if (this.#text[this.#at] !== '"') this.#fail("looking for beginning of object key string");
        const key = this.#string();
        this.#space();
        if (this.#text[this.#at] !== ":") this.#fail("after object key");
        this.#at++;
        pairs.entries.push([key, this.#value("looking for beginning of value")]);
        this.#space();
        const next = this.#text[this.#at];
        if (next !== "," && next !== "}") this.#fail("after object key:value pair");
        this.#at++;
        if (next === "}") break;
      }
    return this.#pairs ? pairs : Object.fromEntries(pairs.entries);
  }

  #list(): unknown[] {
    const items: unknown[] = [];
    this.#space();
    if (this.#text[this.#at] === "]") {
      this.#at++;
      return items;
    }
    for (;;) {
      items.push(this.#value("looking for beginning of value"));
      this.#space();
      const next = this.#text[this.#at];
      if (next !== "," && next !== "]") this.#fail("after array element");
      this.#at++;
      if (next === "]") return items;
    }
  }

  #string(): string {
    STRING.lastIndex = this.#at;
    const match = STRING.exec(this.#text);
    if (!match) this.#failInString();
    this.#at += match[0].length;
    return JSON.parse(match[0]) as string;
  }

  #number(): number | NumberText {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (!match) {
      this.#at++;
      this.#fail("in numeric literal");
    }
    this.#at += match[0].length;
    return match[1] || match[2] ? new NumberText(match[0]) : Number(match[0]);
  }

  #literal(first: string): unknown {
    const word = String(LITERALS.get(first));
    for (let i = 1; i < word.length; i++) {
      this.#at++;
      if (this.#text[this.#at] !== word[i]) this.#fail(`in literal ${word} (expecting '${word[i]}')`);
    }
    this.#at++;
    return LITERALS.get(first);
  }

  #space(): void {
    SPACE.lastIndex = this.#at;
    SPACE.test(this.#text);
    this.#at = SPACE.lastIndex;
  }

  /** Finds what ends the string that STRING did not match. */
  #failInString(): never {
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at]!;
      if (character < " ") this.#fail("in string literal");
      if (character !== "\\") continue;
      this.#at++;
      const escaped = this.#text[this.#at];
      if (escaped === "u") {
        for (let i = 0; i < 4; i++) {
          this.#at++;
          if (!/[0-9a-fA-F]/.test(this.#text[this.#at] ?? ""))
            this.#fail("in \\u hexadecimal character escape");
        }
      } else if (escaped === undefined || !'"\\/bfnrt'.includes(escaped)) this.#fail("in string escape code");
    }
    this.#fail("");
  }

  #fail(context: string): never {
    const character = this.#text[this.#at];
    if (character === undefined) throw new SyntaxError("unexpected end of JSON input");
    throw new SyntaxError(`invalid character ${quoteCharacter(character)} ${context}`);
  }
}

/** Go's decoder goes by bytes: of a character that has several it shows the first. */
function quoteCharacter(character: string): string {
  if (character === "'") return "'\\''";
  if (character === '"') return "'\"'";
  return `'${quote(String.fromCharCode(Buffer.from(character)[0]!)).slice(1, -1)}'`;
}
