/** CEL's grammar (cel-go's CEL.g4), from which the network is made when the first expression is wrong. */

import type { TokenKind } from "../tokens.ts";
import { networkOf, type Network, type Phrase } from "./network.ts";

const word = (...words: TokenKind[]): Phrase => ({ words });
const rule = (name: string, precedence = 0): Phrase => ({ rule: name, precedence });
const optional = (...phrases: Phrase[]): Phrase => ({ optional: phrases });
/** As often as one word more says so. */
const repeated = (...phrases: Phrase[]): Phrase => ({ repeated: phrases, isSimple: true });
/** As often as the words to come allow: a comma at the end is not the list's. */
const listed = (...phrases: Phrase[]): Phrase => [...phrases, { repeated: [word("','"), ...phrases] }];

const RELATIONS: readonly TokenKind[] = ["'<'", "'<='", "'>='", "'>'", "'=='", "'!='", "'in'"];
const PRODUCTS: readonly TokenKind[] = ["'*'", "'/'", "'%'"];
const SUMS: readonly TokenKind[] = ["'+'", "'-'"];

const binding = (precedence: number, words: readonly TokenKind[]): [TokenKind, number][] =>
  words.map((one) => [one, precedence]);

const name: Phrase = [optional(word("'.'")), word("IDENTIFIER")];
const optionalComma = optional(word("','"));

const RULES: Readonly<Record<string, Phrase>> = {
  start: [rule("expr"), word("<EOF>")],
  expr: [rule("or"), optional(word("'?'"), rule("or"), word("':'"), rule("expr"))],
  or: [rule("and"), repeated(word("'||'"), rule("and"))],
  and: [rule("relation"), repeated(word("'&&'"), rule("relation"))],
  relation: [
    rule("calc"),
    { repeated: [word(...RELATIONS), rule("relation", 2)], operators: new Map(binding(1, RELATIONS)) },
  ],
  calc: [
    rule("unary"),
    {
      repeated: {
        choice: [
          [word(...PRODUCTS), rule("calc", 3)],
          [word(...SUMS), rule("calc", 2)],
        ],
      },
      operators: new Map([...binding(2, PRODUCTS), ...binding(1, SUMS)]),
    },
  ],
  unary: {
    choice: [
      rule("member"),
      [{ repeatedOnce: word("'!'"), isSimple: true }, rule("member")],
      [{ repeatedOnce: word("'-'") }, rule("member")],
    ],
  },
  member: [
    rule("primary"),
    {
      repeated: {
        choice: [
          [word("'.'"), optional(word("'?'")), rule("field")],
          [word("'.'"), word("IDENTIFIER"), word("'('"), optional(rule("arguments")), word("')'")],
          [word("'['"), optional(word("'?'")), rule("expr"), word("']'")],
        ],
      },
      operators: new Map(binding(1, ["'.'", "'['"])),
    },
  ],
  primary: {
    choice: [
      name,
      [name, word("'('"), optional(rule("arguments")), word("')'")],
      [word("'('"), rule("expr"), word("')'")],
      [word("'['"), optional(rule("elements")), optionalComma, word("']'")],
      [word("'{'"), optional(rule("entries")), optionalComma, word("'}'")],
      [
        name,
        repeated(word("'.'"), word("IDENTIFIER")),
        word("'{'"),
        optional(rule("members")),
        optionalComma,
        word("'}'"),
      ],
      rule("literal"),
    ],
  },
  arguments: [rule("expr"), repeated(word("','"), rule("expr"))],
  elements: listed(rule("element")),
  members: listed(rule("memberName"), word("':'"), rule("expr")),
  memberName: [optional(word("'?'")), rule("field")],
  entries: listed(rule("element"), word("':'"), rule("expr")),
  field: { choice: [word("IDENTIFIER"), word("ESC_IDENTIFIER")], isSimple: true },
  element: [optional(word("'?'")), rule("expr")],
  literal: {
    choice: [
      [optional(word("'-'")), word("NUM_INT")],
      word("NUM_UINT"),
      [optional(word("'-'")), word("NUM_FLOAT")],
      ...(["STRING", "BYTES", "'true'", "'false'", "'null'"] as const).map((kind) => word(kind)),
    ],
  },
};

let network: Network | undefined;

export const celNetwork = (): Network => (network ??= networkOf(RULES));
