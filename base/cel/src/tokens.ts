/**
 * The words of an expression.
 *
 * Names of kinds are those that upstream's messages list (`expecting {'[', '{', …, STRING, BYTES, IDENTIFIER}`).
 */

export type TokenKind =
  | `'${"==" | "!=" | "in" | "<" | "<=" | ">=" | ">" | "&&" | "||" | "[" | "]" | "{" | "}" | "(" | ")"}'`
  | `'${"." | "," | "-" | "!" | "?" | ":" | "+" | "*" | "/" | "%" | "true" | "false" | "null"}'`
  | "NUM_FLOAT"
  | "NUM_INT"
  | "NUM_UINT"
  | "STRING"
  | "BYTES"
  | "IDENTIFIER"
  | "ESC_IDENTIFIER"
  | "<EOF>";

/** Words that could be names and may not be. */
export const RESERVED_WORDS: ReadonlySet<string> = new Set(
  (
    "as break const continue else false for function if import in let loop package namespace null return " +
    "true var void while"
  ).split(" "),
);

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
}

/** What is no word at all: `text` up to and including the character that made it so. */
export interface BadToken {
  readonly start: number;
  readonly text: string;
}

export interface Tokens {
  /** Ends with `<EOF>`. */
  readonly tokens: readonly Token[];
  readonly bad: readonly BadToken[];
}

const ESCAPE = String.raw`\\(?:[abfnrtv"'\\?${"`"}]|[0-3][0-7][0-7]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})`;
const STRING = [
  String.raw`"""(?:${ESCAPE}|[^\\])*?"""`,
  String.raw`'''(?:${ESCAPE}|[^\\])*?'''`,
  String.raw`"(?:${ESCAPE}|[^\\"\n\r])*"`,
  String.raw`'(?:${ESCAPE}|[^\\'\n\r])*'`,
  String.raw`[rR]"""[^]*?"""`,
  String.raw`[rR]'''[^]*?'''`,
  String.raw`[rR]"[^"\n\r]*"`,
  String.raw`[rR]'[^'\n\r]*'`,
].join("|");

/** In order of preference: the first that matches is the longest there is. */
const WORDS: readonly [TokenKind | "word" | "sign" | undefined, RegExp][] = [
  [undefined, /(?:[\t \r\n\f]|\/\/[^\n]*)+/y],
  ["BYTES", new RegExp(`[bB](?:${STRING})`, "y")],
  ["STRING", new RegExp(STRING, "y")],
  ["NUM_FLOAT", /(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)/y],
  ["NUM_UINT", /(?:0x[0-9a-fA-F]+|\d+)[uU]/y],
  ["NUM_INT", /(?:0x[0-9a-fA-F]+|\d+)/y],
  ["word", /[A-Za-z_][A-Za-z0-9_]*/y],
  ["ESC_IDENTIFIER", /`[A-Za-z0-9_./ -]+`/y],
  ["sign", /==|!=|<=|>=|&&|\|\||[<>[\]{}().,\-!?:+*/%]/y],
];
const KEYWORDS = new Set(["in", "true", "false", "null"]);

export function tokensOf(text: string): Tokens {
  const tokens: Token[] = [];
  const bad: BadToken[] = [];
  let at = 0;
  next: while (at < text.length) {
    for (const [kind, pattern] of WORDS) {
      pattern.lastIndex = at;
      const word = pattern.exec(text)?.[0];
      if (word === undefined) continue;
      if (kind !== undefined) tokens.push({ kind: kindOf(kind, word), text: word, start: at });
      at += word.length;
      continue next;
    }
    const end = endOfBad(text, at);
    bad.push({ start: at, text: text.slice(at, end) });
    at = end;
  }
  tokens.push({ kind: "<EOF>", text: "<EOF>", start: text.length });
  return { tokens, bad };
}

function kindOf(kind: TokenKind | "word" | "sign", text: string): TokenKind {
  if (kind === "sign" || KEYWORDS.has(text)) return `'${text}'` as TokenKind;
  return kind === "word" ? "IDENTIFIER" : kind;
}

/** Beginnings of words: what goes on as one of them is bad only where it stops being one. */
const BEGINNINGS = [
  /[=&|]/y,
  /`[A-Za-z0-9_./ -]*/y,
  new RegExp(String.raw`"(?:${ESCAPE}|[^\\"\n\r])*(?:\\[^]{0,8})?`, "y"),
  new RegExp(String.raw`'(?:${ESCAPE}|[^\\'\n\r])*(?:\\[^]{0,8})?`, "y"),
];

function endOfBad(text: string, start: number): number {
  for (const pattern of BEGINNINGS) {
    pattern.lastIndex = start;
    const begun = pattern.exec(text)?.[0];
    if (begun !== undefined) return Math.min(text.length, badEscape(text, start, start + begun.length));
  }
  return start + (text.codePointAt(start)! > 0xffff ? 2 : 1);
}

/** One past the character at which a text that goes wrong goes wrong. */
function badEscape(text: string, start: number, end: number): number {
  const escape = new RegExp(ESCAPE, "y");
  for (let at = start; at < end; at++) {
    if (text[at] !== "\\") continue;
    escape.lastIndex = at;
    const good = escape.exec(text)?.[0];
    if (good === undefined) return at + goodPart(text.slice(at, at + 10)) + 1;
    at += good.length - 1;
  }
  return end + 1;
}

/** How much of a bad escape could have begun a good one. */
function goodPart(text: string): number {
  const begun = /^\\(?:[0-3][0-7]?|[xX][0-9a-fA-F]?|u[0-9a-fA-F]{0,3}|U[0-9a-fA-F]{0,7})?/.exec(text)![0];
  return begun.length;
}
