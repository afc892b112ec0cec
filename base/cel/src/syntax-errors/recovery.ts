/**
 * Parses an expression that is known to be wrong, and says what upstream says of it: ANTLR's parser with its ways to go on after
 * a word that does not fit. It drops the word if the next one fits, makes one up if that helps, and else leaves the rule and
 * goes on with the first word that somebody waits for. What follows from an error before a word has fitted again is not said.
 */

import type { Token, TokenKind } from "../tokens.ts";
import { END, nextWords, nextWordsIn, predict, type Stack } from "./lookahead.ts";
import type { Part, Rule, State } from "./network.ts";

export interface Finding {
  readonly at: Token;
  readonly message: string;
}

/** How often it goes on after a word that does not fit, and how many words it skips to do so once. */
const MOST_RECOVERIES = 30;
const MOST_SKIPPED = 256;
const MOST_FINDINGS = 100;

/** So many of the choices of a primary are names, plain or called. */
const NAMES = 2;

/** As messages list them. */
const ORDER: readonly TokenKind[] = [
  ...(["<EOF>", "'=='", "'!='", "'in'", "'<'", "'<='", "'>='", "'>'", "'&&'", "'||'", "'['", "']'"] as const),
  ...(["'{'", "'}'", "'('", "')'", "'.'", "','", "'-'", "'!'", "'?'", "':'", "'+'", "'*'", "'/'"] as const),
  ...(["'%'", "'true'", "'false'", "'null'", "NUM_FLOAT", "NUM_INT", "NUM_UINT", "STRING"] as const),
  ...(["BYTES", "IDENTIFIER", "ESC_IDENTIFIER"] as const),
];

/** The rule that is running cannot go on. */
class Stuck extends Error {
  readonly at: Token;

  constructor(message: string, at: Token) {
    super(message);
    this.at = at;
  }
}

/** Nothing more is said. */
class GivenUp extends Error {}

interface Frame {
  readonly rule: Rule;
  readonly precedence: number;
  /** Where the rule was entered; undefined for the first. */
  readonly from: State | undefined;
  readonly below: Frame | undefined;
}

export class Recovery {
  readonly findings: Finding[] = [];
  /** What was taken for a name: of something, not of its field. */
  readonly names: Token[] = [];
  /** Undefined unless it ended for another reason than its words. */
  reason: string | undefined;
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #state!: State;
  #frame: Frame | undefined;
  #isRecovering = false;
  #recoveries = 0;
  #lastErrorAt = -1;
  #lastErrorStates = new Set<State>();

  constructor(text: string, tokens: readonly Token[]) {
    this.#text = text;
    this.#tokens = tokens;
  }

  run(rule: Rule): void {
    try {
      this.#enter(rule, 0);
    } catch (err) {
      if (!(err instanceof GivenUp)) throw err;
    }
  }

  get #now(): Token {
    return this.#tokens[this.#at]!;
  }

  get #next(): Token {
    return this.#tokens[Math.min(this.#at + 1, this.#tokens.length - 1)]!;
  }

  #consume(): void {
    if (this.#now.kind !== "<EOF>") this.#at++;
  }

  #enter(rule: Rule, precedence: number, from?: State): void {
    this.#frame = { rule, precedence, from, below: this.#frame };
    try {
      this.#run(rule.body);
    } catch (err) {
      if (!(err instanceof Stuck)) throw err;
      this.#report(err.at, err.message);
      this.#recover();
    }
    this.#frame = this.#frame.below;
    if (from) this.#state = from;
  }

  #run(part: Part): void {
    switch (part.kind) {
      case "sequence":
        return part.parts.forEach((one) => this.#run(one));
      case "words":
        return this.#match(part.state, part.words);
      case "rule":
        this.#state = part.state;
        return this.#enter(part.rule, part.precedence, part.state);
      case "choice":
        return this.#choose(part);
      case "optional":
        if (this.#goesOn(part, part.state)) this.#run(part.part);
        return;
      case "repeatedOnce":
        this.#sync(part.state);
        do this.#run(part.part);
        while (this.#goesOn(part, part.again));
        return;
      case "repeated":
        for (let state = part.state; this.#goesOn(part, state); state = part.again) this.#run(part.part);
    }
  }

  #choose({ state, parts, isSimple }: Extract<Part, { kind: "choice" }>): void {
    this.#sync(state);
    if (!isSimple) {
      const taken = this.#predict(state);
      if (state.rule.name === "primary" && taken < NAMES) this.#note();
      return this.#run(parts[taken]!);
    }
    const found = state.transitions.findIndex(({ to }) => nextWords(to).has(this.#now.kind));
    if (found < 0) throw this.#noWay(this.#now, this.#now);
    this.#run(parts[found]!);
  }

  #note(): void {
    this.names.push(this.#now.kind === "'.'" ? { ...this.#next, start: this.#now.start } : this.#now);
  }

  #goesOn({ state, again, isSimple, operators, kind }: Extract<Part, { again: State }>, at: State): boolean {
    this.#sync(at);
    if (operators) return (operators.get(this.#now.kind) ?? -1) >= this.#frame!.precedence;
    if (isSimple) return nextWords(state.transitions[0]!.to).has(this.#now.kind);
    return this.#predict(kind === "repeatedOnce" ? again : state) === 0;
  }

  #predict(state: State): number {
    const { alternative, offending } = predict(state, this.#tokens, this.#at);
    if (alternative === undefined) throw this.#noWay(this.#now, offending);
    return alternative;
  }

  #noWay(start: Token, offending: Token): Stuck {
    const end = offending.kind === "<EOF>" ? offending.start : offending.start + offending.text.length;
    const input = start.kind === "<EOF>" ? "<EOF>" : this.#text.slice(start.start, end);
    return new Stuck(`no viable alternative at input ${quoted(input)}`, offending);
  }

  #match(state: State, words: ReadonlySet<TokenKind>): void {
    this.#state = state;
    if (!words.has(this.#now.kind)) return this.#repair();
    this.#matched();
    this.#consume();
  }

  #matched(): void {
    this.#isRecovering = false;
    this.#lastErrorStates.clear();
    this.#lastErrorAt = -1;
  }

  /** The word that is wanted may come next, or may only have been left out. */
  #repair(): void {
    this.#countRecovery();
    if (this.#dropsOne()) return this.#consume();
    const after = nextWordsIn(this.#state.transitions[0]!.to, this.#stack);
    if (!after.has(this.#now.kind)) throw this.#mismatch();
    if (this.#isRecovering) return;
    this.#report(this.#now, `missing ${listed(this.#expected)} at ${quoted(this.#now.text)}`);
  }

  #dropsOne(): boolean {
    if (!this.#expected.has(this.#next.kind)) return false;
    this.#reportUnwanted();
    this.#consume();
    this.#matched();
    return true;
  }

  #reportUnwanted(): void {
    this.#report(this.#now, `extraneous input ${quoted(this.#now.text)} expecting ${listed(this.#expected)}`);
  }

  #mismatch(): Stuck {
    const message = `mismatched input ${quoted(this.#now.text)} expecting ${listed(this.#expected)}`;
    return new Stuck(message, this.#now);
  }

  /** Before a choice: whether any of it can begin with the word at hand. */
  #sync(state: State): void {
    this.#state = state;
    if (this.#isRecovering) return;
    const words = nextWords(state);
    if (words.has(END) || words.has(this.#now.kind)) return;
    if (state.sort !== "again") {
      if (!this.#dropsOne()) throw this.#mismatch();
      return;
    }
    this.#reportUnwanted();
    this.#skipTo(new Set([...this.#expected, ...this.#awaited]));
  }

  #report(at: Token, message: string): void {
    if (this.#isRecovering) return;
    this.#isRecovering = true;
    if (this.findings.length >= MOST_FINDINGS) {
      this.findings.push({ at, message: `More than ${MOST_FINDINGS} syntax errors` });
      throw new GivenUp();
    }
    this.findings.push({ at, message });
  }

  #recover(): void {
    this.#countRecovery();
    if (this.#lastErrorAt === this.#at && this.#lastErrorStates.has(this.#state)) this.#consume();
    this.#lastErrorAt = this.#at;
    this.#lastErrorStates.add(this.#state);
    this.#skipTo(this.#awaited, MOST_SKIPPED);
  }

  #countRecovery(): void {
    if (this.#recoveries++ < MOST_RECOVERIES) return;
    this.findings.push({
      at: this.#now,
      message: `error recovery attempt limit exceeded: ${MOST_RECOVERIES}`,
    });
    throw new GivenUp();
  }

  #skipTo(words: ReadonlySet<TokenKind>, most = Infinity): void {
    for (let skipped = 0; this.#now.kind !== "<EOF>" && !words.has(this.#now.kind); skipped++) {
      if (skipped >= most) {
        this.reason = `error recovery token lookahead limit exceeded: ${most}`;
        throw new GivenUp();
      }
      this.#consume();
    }
  }

  get #stack(): Stack | undefined {
    const of = (frame: Frame | undefined): Stack | undefined =>
      frame?.from && { follow: frame.from.transitions[0]!.to, rest: of(frame.below) };
    return of(this.#frame);
  }

  /** What can come next, from here outwards as far as rules may end. */
  get #expected(): ReadonlySet<TokenKind> {
    const expected = new Set<TokenKind>();
    let words = nextWords(this.#state);
    for (let stack = this.#stack; ; stack = stack.rest) {
      for (const word of words) if (word !== END) expected.add(word);
      if (!words.has(END)) return expected;
      if (!stack) return expected.add("<EOF>");
      words = nextWords(stack.follow);
    }
  }

  /** What somebody waits for who has entered a rule. */
  get #awaited(): ReadonlySet<TokenKind> {
    const awaited = new Set<TokenKind>();
    for (let stack = this.#stack; stack; stack = stack.rest) {
      for (const word of nextWords(stack.follow)) if (word !== END) awaited.add(word);
    }
    return awaited;
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("\t", "\\t").replaceAll("\n", "\\n").replaceAll("\r", "\\r")}'`;
}

function listed(words: ReadonlySet<TokenKind>): string {
  const list = ORDER.filter((word) => words.has(word));
  return list.length === 1 ? list[0]! : `{${list.join(", ")}}`;
}
