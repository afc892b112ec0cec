/**
 * The parser: text to syntax, by recursive descent along cel-spec's grammar.
 *
 *     expr   = or ["?" or ":" expr]       or  = and {"||" and}       and = relation {"&&" relation}
 *     relation = calc {relop calc}        calc = unary {op unary}    unary = member | "!"… member | "-"… member
 *
 * Ids are given in the order in which upstream walks its tree. Chains of `&&` and `||` become balanced trees, as there. The
 * first word that does not fit ends the parse; what is then said of it, and of what comes after, is `syntax-errors`'.
 */

import type { Issue } from "./environment.ts";
import type { Macro } from "./library.ts";
import { MacroError } from "./library.ts";
import { expandMacro, macroKey } from "./macro-factory.ts";
import { charactersIn, NOWHERE, type Source, type Position } from "./source.ts";
import { syntaxIssues } from "./syntax-errors/issues.ts";
import type { Expression, MapEntry, StructField } from "./syntax.ts";
import { RESERVED_WORDS, tokensOf, type Token, type TokenKind, type Tokens } from "./tokens.ts";
import { unquote, unquoteBytes } from "./unescape.ts";
import { Double, smallInt, Uint, type CelValue } from "./values.ts";

export interface Parsed {
  readonly expression: Expression;
  /** Offsets in the source by id; -1 for ids that macros used up. */
  readonly offsets: readonly number[];
}

export interface ParserOptions {
  readonly macros: ReadonlyMap<string, Macro>;
  readonly optionals: boolean;
  readonly quotedNames: boolean;
}

const LONGEST = 100_000;
const DEEPEST = 250;

/** Issues in the order they were found; none when it parsed. */
export function parse(source: Source, options: ParserOptions): Parsed | readonly Issue[] {
  const size = charactersIn(source.text);
  if (size > LONGEST) {
    return [issue(NOWHERE, `expression code point size exceeds limit: size: ${size}, limit ${LONGEST}`)];
  }
  const tokens = tokensOf(source.text);
  const parser = new Parser(source, tokens, options);
  try {
    const expression = parser.start();
    if (tokens.bad.length > 0) return withSyntax(source, tokens, parser.issues);
    return parser.issues.length === 0 ? { expression, offsets: parser.offsets } : parser.issues;
  } catch (error) {
    if (error instanceof TooDeep) return [issue(NOWHERE, error.message)];
    if (!(error instanceof Unexpected)) throw error;
    return withSyntax(source, tokens, parser.issues);
  }
}

/** What was found before a word did not fit is found again among those after it. */
function withSyntax(source: Source, tokens: Tokens, found: readonly Issue[]): readonly Issue[] {
  const issues = syntaxIssues(source, tokens);
  const isKnown = ({ line, column, message }: Issue): boolean =>
    issues.some((one) => one.line === line && one.column === column && one.message === message);
  return [...issues, ...found.filter((one) => !isKnown(one))];
}

type Rule = "expr" | "relation" | "calc" | "member";

/** A word that does not fit. */
class Unexpected extends Error {}
class TooDeep extends Error {}

const issue = ({ line, column }: Position, message: string): Issue => ({ line, column, message });

const RELATIONS = new Map<TokenKind, string>([
  ["'<'", "_<_"],
  ["'<='", "_<=_"],
  ["'>='", "_>=_"],
  ["'>'", "_>_"],
  ["'=='", "_==_"],
  ["'!='", "_!=_"],
  ["'in'", "@in"],
]);
const SUMS = new Map<TokenKind, string>([
  ["'+'", "_+_"],
  ["'-'", "_-_"],
]);
const PRODUCTS = new Map<TokenKind, string>([
  ["'*'", "_*_"],
  ["'/'", "_/_"],
  ["'%'", "_%_"],
]);

class Parser {
  readonly offsets: number[] = [-1];
  readonly issues: Issue[] = [];
  readonly #source: Source;
  readonly #tokens: readonly Token[];
  readonly #options: ParserOptions;
  #at = 0;
  /** How deep each rule of the grammar is in itself; every operator of a chain goes one deeper, as in upstream's parser. */
  readonly #depth = { expr: 0, relation: 0, calc: 0, member: 0 };

  constructor(source: Source, { tokens }: Tokens, options: ParserOptions) {
    this.#source = source;
    this.#tokens = tokens;
    this.#options = options;
  }

  start(): Expression {
    const expression = this.#expr();
    this.#take("<EOF>");
    return expression;
  }

  /** A new id for what begins at `offset`. */
  id(offset: number): number {
    this.offsets.push(offset);
    return this.offsets.length - 1;
  }

  #expr(): Expression {
    const before = { ...this.#depth };
    for (const rule of ["expr", "relation", "calc", "member"] as const) this.#enter(rule);
    const condition = this.#or();
    const op = this.#maybe("'?'");
    if (!op) return this.#leave(before, condition);
    const id = this.id(op.start);
    const then = this.#or();
    this.#take("':'");
    return this.#leave(before, this.#call(id, "_?_:_", [condition, then, this.#expr()]));
  }

  #or(): Expression {
    return this.#chain("'||'", "_||_", () => this.#and());
  }

  #and(): Expression {
    return this.#chain("'&&'", "_&&_", () => this.#relation());
  }

  #chain(sign: TokenKind, name: string, next: () => Expression): Expression {
    const terms = [next()];
    const ids: number[] = [];
    for (let op = this.#maybe(sign); op; op = this.#maybe(sign)) {
      terms.push(next());
      ids.push(this.id(op.start));
    }
    return terms.length === 1 ? terms[0]! : balanced({ name, terms, ids }, 0, ids.length - 1);
  }

  #relation(): Expression {
    const before = this.#depth.relation;
    const relation = this.#operators("relation", RELATIONS, () => this.#sum());
    this.#depth.relation = before;
    return relation;
  }

  #sum(): Expression {
    const before = this.#depth.calc;
    const product = (): Expression => this.#operators("calc", PRODUCTS, () => this.#unary());
    const sum = this.#operators("calc", SUMS, product);
    this.#depth.calc = before;
    return sum;
  }

  #operators(rule: Rule, signs: ReadonlyMap<TokenKind, string>, next: () => Expression): Expression {
    let left = next();
    for (let name = signs.get(this.#now.kind); name; name = signs.get(this.#now.kind)) {
      this.#enter(rule);
      this.#enter(rule);
      const id = this.id(this.#advance().start);
      left = this.#call(id, name, [left, next()]);
      this.#depth[rule]--;
    }
    return left;
  }

  #unary(): Expression {
    const first = this.#now;
    if (first.kind === "'!'") return this.#prefixed("'!'", "!_");
    if (first.kind !== "'-'" || this.#isNegativeLiteral()) return this.#member();
    return this.#prefixed("'-'", "-_");
  }

  #prefixed(sign: TokenKind, name: string): Expression {
    const first = this.#now;
    let count = 0;
    while (this.#now.kind === sign) {
      this.#at++;
      count++;
    }
    if (count % 2 === 0) return this.#member();
    const id = this.id(first.start);
    return this.#call(id, name, [this.#member()]);
  }

  #isNegativeLiteral(): boolean {
    const after = this.#tokens[this.#at + 1]?.kind;
    return this.#now.kind === "'-'" && (after === "NUM_INT" || after === "NUM_FLOAT");
  }

  #member(): Expression {
    const before = this.#depth.member;
    let operand = this.#primary();
    for (;;) {
      const op = this.#now;
      if (op.kind !== "'.'" && op.kind !== "'['") break;
      this.#enter("member");
      this.#at++;
      operand = op.kind === "'.'" ? this.#dot(operand, op) : this.#index(operand, op);
    }
    this.#depth.member = before;
    return operand;
  }

  #dot(operand: Expression, op: Token): Expression {
    const optional = this.#maybe("'?'");
    const field = this.#now;
    if (field.kind !== "IDENTIFIER" && field.kind !== "ESC_IDENTIFIER") throw new Unexpected();
    this.#at++;
    const open = field.kind === "IDENTIFIER" && !optional ? this.#maybe("'('") : undefined;
    if (open) {
      const id = this.id(open.start);
      return this.#call(id, field.text, this.#arguments(), operand);
    }
    if (optional && !this.#options.optionals) return this.#report(op, "unsupported syntax '.?'");
    const name = this.#fieldName(field);
    if (!optional) return { kind: "select", id: this.id(op.start), operand, field: name, isTest: false };
    // The name's id comes before the call's.
    const literal = this.#literal(field, name);
    return { kind: "call", id: this.id(op.start), name: "_?._", args: [operand, literal] };
  }

  #index(operand: Expression, op: Token): Expression {
    const optional = this.#maybe("'?'");
    const id = this.id(op.start);
    const index = this.#expr();
    this.#take("']'");
    if (optional && !this.#options.optionals) return this.#report(op, "unsupported syntax '[?'");
    return this.#call(id, optional ? "_[?_]" : "_[_]", [operand, index]);
  }

  #primary(): Expression {
    const token = this.#now;
    switch (token.kind) {
      case "'('": {
        this.#at++;
        const inner = this.#expr();
        this.#take("')'");
        return inner;
      }
      case "'['":
        return this.#list();
      case "'{'":
        return this.#map();
      case "'.'":
      case "IDENTIFIER":
        return this.#isStruct() ? this.#struct() : this.#name();
      default:
        return this.#constant();
    }
  }

  /** `a.b.C{`: any number of plain names, then a brace. */
  #isStruct(): boolean {
    let at = this.#at + (this.#now.kind === "'.'" ? 1 : 0);
    while (this.#tokens[at]?.kind === "IDENTIFIER") {
      const after = this.#tokens[at + 1]?.kind;
      if (after === "'{'") return true;
      if (after !== "'.'") return false;
      at += 2;
    }
    return false;
  }

  #name(): Expression {
    const first = this.#now;
    const dot = this.#maybe("'.'");
    const name = this.#take("IDENTIFIER");
    const open = this.#maybe("'('");
    const text = (dot ? "." : "") + name.text;
    if (RESERVED_WORDS.has(name.text)) {
      if (open) this.#arguments();
      return this.#report(first, `reserved identifier: ${name.text}`);
    }
    if (!open) return { kind: "ident", id: this.id(name.start), name: text };
    const id = this.id(open.start);
    return this.#call(id, text, this.#arguments());
  }

  #arguments(): Expression[] {
    const args: Expression[] = [];
    if (this.#now.kind !== "')'") {
      do args.push(this.#expr());
      while (this.#maybe("','"));
    }
    this.#take("')'");
    return args;
  }

  #list(): Expression {
    const id = this.id(this.#advance().start);
    const elements: Expression[] = [];
    const optional: number[] = [];
    this.#commaList("']'", () => {
      const mark = this.#maybe("'?'");
      elements.push(this.#expr());
      if (!mark) return;
      if (this.#options.optionals) optional.push(elements.length - 1);
      else this.#report(mark, "unsupported syntax '?'");
    });
    return { kind: "list", id, elements, optional };
  }

  #map(): Expression {
    const id = this.id(this.#advance().start);
    const entries: MapEntry[] = [];
    this.#commaList("'}'", () => {
      const mark = this.#maybe("'?'");
      if (mark && !this.#options.optionals) this.#report(mark, "unsupported syntax '?'");
      const entry = this.id(-1);
      const key = this.#expr();
      this.offsets[entry] = this.#take("':'").start;
      entries.push({ id: entry, key, value: this.#expr(), isOptional: mark !== undefined });
    });
    return { kind: "map", id, entries };
  }

  #struct(): Expression {
    let type = this.#maybe("'.'") ? "." : "";
    do type += (type === "" || type === "." ? "" : ".") + this.#take("IDENTIFIER").text;
    while (this.#maybe("'.'"));
    const id = this.id(this.#take("'{'").start);
    const fields: StructField[] = [];
    this.#commaList("'}'", () => {
      const mark = this.#maybe("'?'");
      if (mark && !this.#options.optionals) this.#report(mark, "unsupported syntax '?'");
      const name = this.#now;
      if (name.kind !== "IDENTIFIER" && name.kind !== "ESC_IDENTIFIER") throw new Unexpected();
      this.#at++;
      const field = this.id(this.#take("':'").start);
      fields.push({
        id: field,
        name: this.#fieldName(name),
        value: this.#expr(),
        isOptional: mark !== undefined,
      });
    });
    return { kind: "struct", id, type, fields };
  }

  /** Up to the closing bracket, with a comma after the last allowed, even if there is none. */
  #commaList(close: TokenKind, item: () => void): void {
    if (!this.#maybe("','")) {
      while (this.#now.kind !== close) {
        item();
        if (!this.#maybe("','")) break;
      }
    }
    this.#take(close);
  }

  #constant(): Expression {
    const first = this.#now;
    const sign = this.#isNegativeLiteral() ? this.#advance().text : "";
    const token = this.#advance();
    switch (token.kind) {
      case "NUM_INT": {
        const value = integer(sign, token.text);
        if (value < -(2n ** 63n) || value >= 2n ** 63n) return this.#report(first, "invalid int literal");
        return this.#literal(first, smallInt(value));
      }
      case "NUM_UINT": {
        const value = integer("", token.text.slice(0, -1));
        if (value >= 2n ** 64n) return this.#report(first, "invalid uint literal");
        return this.#literal(first, new Uint(smallInt(value)));
      }
      case "NUM_FLOAT": {
        const value = Number(sign + token.text);
        return Number.isFinite(value)
          ? this.#literal(first, new Double(value))
          : this.#report(first, "invalid double literal");
      }
      case "STRING":
      case "BYTES":
        return this.#text(token);
      case "'true'":
      case "'false'":
        return this.#literal(first, token.kind === "'true'");
      case "'null'":
        return this.#literal(first, null);
      default:
        this.#at--;
        throw new Unexpected();
    }
  }

  #text(token: Token): Expression {
    try {
      if (token.kind === "STRING") return this.#literal(token, unquote(token.text));
      return this.#literal(token, unquoteBytes(token.text.slice(1)));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return this.#report(token, error.message);
    }
  }

  #literal({ start }: Token, value: CelValue): Expression {
    return { kind: "literal", id: this.id(start), value };
  }

  #fieldName(token: Token): string {
    if (token.kind !== "ESC_IDENTIFIER") return token.text;
    if (!this.#options.quotedNames) this.#report(token, "unsupported syntax: '`'");
    return token.text.slice(1, -1);
  }

  #call(id: number, name: string, args: readonly Expression[], target?: Expression): Expression {
    const { macros } = this.#options;
    const macro =
      macros.get(macroKey({ name, count: args.length, isMember: !!target })) ??
      macros.get(macroKey({ name, isMember: !!target }));
    if (macro) {
      try {
        const expanded = expandMacro(macro, { parser: this, id, target, args });
        if (expanded) return this.#forget(id, expanded);
      } catch (error) {
        if (!(error instanceof MacroError)) throw error;
        const offset = this.offsets[error.at?.id ?? id]!;
        return this.#forget(id, this.#reportAt(offset, error.message));
      }
    }
    return target ? { kind: "call", id, name, target, args } : { kind: "call", id, name, args };
  }

  /** The id of a call that a macro replaced stands for nothing; the last one given is given again. */
  #forget(id: number, instead: Expression): Expression {
    if (id === this.offsets.length - 1) this.offsets.pop();
    else this.offsets[id] = -1;
    return instead;
  }

  #report({ start }: Token, message: string): Expression {
    return this.#reportAt(start, message);
  }

  #reportAt(offset: number, message: string): Expression {
    this.issues.push(issue(this.#source.positionOf(offset), message));
    return { kind: "literal", id: this.id(offset), value: null };
  }

  #enter(rule: Rule): void {
    if (++this.#depth[rule] > DEEPEST) throw new TooDeep(`expression recursion limit exceeded: ${DEEPEST}`);
  }

  #leave(before: Readonly<Record<Rule, number>>, expression: Expression): Expression {
    Object.assign(this.#depth, before);
    return expression;
  }

  get #now(): Token {
    return this.#tokens[this.#at]!;
  }

  #advance(): Token {
    return this.#tokens[this.#at++]!;
  }

  #maybe(kind: TokenKind): Token | undefined {
    return this.#now.kind === kind ? this.#advance() : undefined;
  }

  #take(kind: TokenKind): Token {
    if (this.#now.kind !== kind) throw new Unexpected();
    return kind === "<EOF>" ? this.#now : this.#advance();
  }
}

interface Chain {
  readonly name: string;
  readonly terms: readonly Expression[];
  readonly ids: readonly number[];
}

/** `a && b && c && d` as `(a && b) && (c && d)`: half as deep, and errors on the left are found as fast. */
function balanced(chain: Chain, low: number, high: number): Expression {
  const { name, terms, ids } = chain;
  const middle = (low + high + 1) >> 1;
  const left = middle === low ? terms[middle]! : balanced(chain, low, middle - 1);
  const right = middle === high ? terms[middle + 1]! : balanced(chain, middle + 1, high);
  return { kind: "call", id: ids[middle]!, name, args: [left, right] };
}

function integer(sign: string, text: string): bigint {
  const value = BigInt(text);
  return sign === "-" ? -value : value;
}
