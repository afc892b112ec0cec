/**
 * Names of fields as expressions can write them: `a-b` is `a__dash__b`, words of the language stand between underscores.
 *
 *     escapeName("foo.bar/x")   // "foo__dot__bar__slash__x"
 *     escapeName("namespace")   // "__namespace__"
 *     escapeName("a b")         // undefined: no expression can name it
 */

import { remembering } from "@knarr/std/remember.ts";

export const RESERVED: ReadonlySet<string> = new Set(
  (
    "true false null in as break const continue else for function if import let loop package namespace return " +
    "var void while"
  ).split(" "),
);

const WORDS: Readonly<Record<string, string>> = { __: "underscores", ".": "dot", "-": "dash", "/": "slash" };
const SIGNS: Readonly<Record<string, string>> = { underscores: "__", dot: ".", dash: "-", slash: "/" };
const PLAIN = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The same few names are asked for with every object. */
export const escapeName = remembering(10_000, (name: string): string | undefined => {
  if (RESERVED.has(name)) return `__${name}__`;
  if (!/^[A-Za-z_./-][A-Za-z0-9_./-]*$/.test(name)) return undefined;
  return name.replace(/__|[-./]/g, (sign) => `__${WORDS[sign]}__`);
});

/** Undefined for what no name is escaped to. */
export function unescapeName(name: string): string | undefined {
  if (PLAIN.test(name) && !name.includes("__")) return name;
  let isGood = true;
  const result = name.replace(/__([^_]+)__/g, (whole, word: string) => {
    const sign = Object.hasOwn(SIGNS, word) ? SIGNS[word]! : undefined;
    if (sign !== undefined) return sign;
    isGood &&= RESERVED.has(word) && whole.length === name.length;
    return word;
  });
  return isGood ? result : undefined;
}
