/** Text as Go quotes it (`%q`), so that messages with a user's value in them read as upstream's do. */

/** Characters for which Go has a letter. */
export const shortEscapes: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};
const plain = /^[ !#-[\]-~]*$/;
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/** `quote("a\u0000")` is `"a\x00"`. */
export function quote(text: string): string {
  return plain.test(text) ? `"${text}"` : `"${Array.from(text, escape).join("")}"`;
}

function escape(character: string): string {
  const known = shortEscapes[character];
  if (known) return known;
  const code = character.codePointAt(0)!;
  if (code >= 0xd800 && code <= 0xdfff) return "\ufffd"; // half a pair: Go strings cannot hold one
  if (printable.test(character)) return character;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code < 0x10000
    ? `\\u${code.toString(16).padStart(4, "0")}`
    : `\\U${code.toString(16).padStart(8, "0")}`;
}
