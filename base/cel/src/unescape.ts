/** What stands between the quotes of a literal, escapes resolved. Words that fit the token grammar are well-formed; few can still be wrong. */

const ESCAPED: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};
const ESCAPE = /\\(?:([abfnrtv])|([\\'"`?])|([0-3][0-7]{2})|[xX](..)|u(....)|U(........))/g;

/** Throws SyntaxError in cel-go's words. */
export function unquote(literal: string): string {
  const { text, isRaw } = inner(literal);
  if (isRaw) return text;
  return text.replace(ESCAPE, (_, letter?: string, sign?: string, octal?: string, ...hex: string[]) => {
    if (letter !== undefined) return ESCAPED[letter]!;
    if (sign !== undefined) return sign;
    return character(octal === undefined ? parseInt(hex[0] ?? hex[1] ?? hex[2]!, 16) : parseInt(octal, 8));
  });
}

/** The same for bytes: `\x` and octal escapes are bytes, everything else is written as UTF-8. */
export function unquoteBytes(literal: string): Uint8Array {
  const { text, isRaw } = inner(literal);
  if (isRaw) return new TextEncoder().encode(text);
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const match of text.matchAll(ESCAPE)) {
    const [whole, letter, sign, octal, hex, ...long] = match;
    if (long[0] !== undefined || long[1] !== undefined) throw new SyntaxError("unable to unescape string");
    parts.push(Buffer.from(text.slice(at, match.index)));
    if (octal !== undefined || hex !== undefined) {
      parts.push(Uint8Array.of(octal === undefined ? parseInt(hex!, 16) : parseInt(octal, 8)));
    } else parts.push(Buffer.from(letter === undefined ? sign! : ESCAPED[letter]!));
    at = match.index + whole.length;
  }
  return new Uint8Array(Buffer.concat([...parts, Buffer.from(text.slice(at))]));
}

function inner(literal: string): { text: string; isRaw: boolean } {
  const normal = literal.replace(/\r\n?/g, "\n");
  const isRaw = /^[rR]/.test(normal);
  const quoted = isRaw ? normal.slice(1) : normal;
  const quotes = quoted.length >= 6 && /^("""|''')/.test(quoted) ? 3 : 1;
  return { text: quoted.slice(quotes, -quotes), isRaw };
}

function character(code: number): string {
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
    throw new SyntaxError("invalid unicode code point");
  }
  return String.fromCodePoint(code);
}
