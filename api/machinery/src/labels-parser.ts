/**
 * Reads the text of a label selector:
 *
 *     selector    = requirement { "," requirement }
 *     requirement = [ "!" ] key | key ( "=" | "==" | "!=" | ">" | "<" ) value | key ( "in" | "notin" ) "(" values ")"
 *
 * `in` and `notin` are words only where an operator may stand. Errors are upstream's.
 */

import type { LabelOperator, LabelRequirement } from "./labels.ts";

interface Token {
  /** The symbol itself; `word` for keys and values, `end` after the last. */
  readonly type: string;
  readonly text: string;
}

const END: Token = { type: "end", text: "" };
const binaryOperators = new Map<string, LabelOperator>([
  ["in", "in"],
  ["notin", "notin"],
  ["=", "="],
  ["==", "=="],
  ["!=", "!="],
  [">", "gt"],
  ["<", "lt"],
]);

export class SelectorParser {
  readonly #tokens: readonly Token[];
  readonly #checkKey: (key: string, path: string) => void;
  readonly #requirement: (
    key: string,
    operator: LabelOperator,
    values: readonly string[],
  ) => LabelRequirement;
  #at = 0;

  constructor(
    text: string,
    checkKey: (key: string, path: string) => void,
    requirement: (key: string, operator: LabelOperator, values: readonly string[]) => LabelRequirement,
  ) {
    this.#tokens = tokens(text);
    this.#checkKey = checkKey;
    this.#requirement = requirement;
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const next = this.#peek();
      if (next.type === "end") return requirements;
      if (next.type !== "word" && next.type !== "!")
        throw new SyntaxError(`found '${next.text}', expected: !, identifier, or 'end of string'`);
      requirements.push(this.#parseRequirement());
      const after = this.#take();
      if (after.type === "end") return requirements;
      if (after.type !== ",")
        throw new SyntaxError(`found '${after.text}', expected: ',' or 'end of string'`);
      const follows = this.#peek();
      if (follows.type !== "word" && follows.type !== "!")
        throw new SyntaxError(`found '${follows.text}', expected: identifier after ','`);
    }
  }

  #parseRequirement(): LabelRequirement {
    try {
      const negated = this.#peek().type === "!";
      if (negated) this.#at++;
      const key = this.#take();
      if (key.type !== "word") throw new SyntaxError(`found '${key.text}', expected: identifier`);
      this.#checkKey(key.text, "<nil>");
      const next = this.#peek();
      if (negated || next.type === "end" || next.type === ",")
        return this.#requirement(key.text, negated ? "!" : "exists", []);
      const operator = this.#operator();
      const isSet = operator === "in" || operator === "notin";
      return this.#requirement(key.text, operator, isSet ? this.#values() : [this.#exactValue()]);
    } catch (err) {
      throw new SyntaxError(`unable to parse requirement: ${(err as Error).message}`, { cause: err });
    }
  }

  #operator(): LabelOperator {
    const { text } = this.#raw();
    const operator = binaryOperators.get(text);
    if (!operator) throw new SyntaxError(`found '${text}', expected: in, notin, =, ==, !=, gt, lt`);
    return operator;
  }

  #exactValue(): string {
    const next = this.#peek();
    if (next.type === "end" || next.type === ",") return "";
    this.#at++;
    if (next.type !== "word") throw new SyntaxError(`found '${next.text}', expected: identifier`);
    return next.text;
  }

  /** `(a,b)`; an empty place between commas is the empty value. */
  #values(): string[] {
    const open = this.#take();
    if (open.type !== "(") throw new SyntaxError(`found '${open.text}' expected: '('`);
    const first = this.#peek();
    if (first.type !== "word" && first.type !== "," && first.type !== ")")
      throw new SyntaxError(`found '${first.text}', expected: ',', ')' or identifier`);
    const values = new Set<string>();
    for (let needsValue = true; ;) {
      const token = this.#take();
      if (token.type === "word" && needsValue) {
        values.add(token.text);
        const next = this.#peek();
        if (next.type !== "," && next.type !== ")")
          throw new SyntaxError(`found '${next.text}', expected: ',' or ')'`);
        needsValue = false;
      } else if (token.type === ",") {
        if (needsValue) values.add("");
        needsValue = true;
      } else if (token.type === ")") {
        if (needsValue) values.add("");
        return [...values].sort();
      } else {
        throw new SyntaxError(`found '${token.text}', expected: ',', or identifier`);
      }
    }
  }

  #raw(): Token {
    return this.#tokens[this.#at++] ?? END;
  }

  /** Where a key or value may stand, `in` and `notin` are ordinary words. */
  #take(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }

  #peek(): Token {
    const token = this.#tokens[this.#at] ?? END;
    return token.type === "in" || token.type === "notin" ? { type: "word", text: token.text } : token;
  }
}

/** Symbols are taken as long as they make one: `==` before `=`; a lone `!` may stand before a key. */
function tokens(text: string): Token[] {
  const found: Token[] = [];
  for (const [token] of text.matchAll(/==|!=|[=!(),<>]|[^\s=!(),<>\0]+/g)) {
    const isWord = !/^[=!(),<>]/.test(token);
    found.push({ type: isWord && token !== "in" && token !== "notin" ? "word" : token, text: token });
  }
  return found;
}
