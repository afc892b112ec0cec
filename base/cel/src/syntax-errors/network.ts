/**
 * A grammar as ANTLR walks it: a network of states, in which a rule is entered by one transition and goes on where it was
 * entered from. Which messages upstream gives for words that do not fit, and where, follows from the shape of this network and
 * from nothing else.
 */

import type { TokenKind } from "../tokens.ts";

/** The grammar, written down. A list is one phrase after the other. */
export type Phrase =
  | { readonly words: readonly TokenKind[] }
  | { readonly rule: string; readonly precedence: number }
  | readonly Phrase[]
  | Choice
  | { readonly optional: Phrase }
  | { readonly repeated: Phrase; readonly isSimple?: boolean; readonly operators?: Operators }
  | { readonly repeatedOnce: Phrase; readonly isSimple?: boolean };

/** Words that go on after a left side, and how tightly they bind. */
export type Operators = ReadonlyMap<TokenKind, number>;

/** What ANTLR does when no word fits depends on what sort of state it is in. */
export type StateSort = "plain" | "choice" | "loop" | "again" | "end";

export class State {
  readonly id: number;
  readonly sort: StateSort;
  readonly rule: Rule;
  readonly transitions: Transition[] = [];

  constructor(id: number, sort: StateSort, rule: Rule) {
    this.id = id;
    this.sort = sort;
    this.rule = rule;
  }
}

/** Takes a word, enters a rule, or costs nothing. */
export interface Transition {
  readonly to: State;
  readonly words?: ReadonlySet<TokenKind>;
  readonly enters?: Rule;
}

export class Rule {
  readonly name: string;
  readonly start: State;
  readonly end: State;
  /** Where it goes on, for each place it is entered from. */
  readonly follow: State[] = [];
  body!: Part;

  constructor(name: string, nextId: () => number) {
    this.name = name;
    this.start = new State(nextId(), "plain", this);
    this.end = new State(nextId(), "end", this);
  }
}

/** A piece of a rule as the parser runs it. `isSimple`: one word decides; otherwise as many as it takes. */
export type Part =
  | { readonly kind: "words"; readonly state: State; readonly words: ReadonlySet<TokenKind> }
  | { readonly kind: "rule"; readonly state: State; readonly rule: Rule; readonly precedence: number }
  | { readonly kind: "sequence"; readonly parts: readonly Part[] }
  | {
      readonly kind: "choice";
      readonly state: State;
      readonly parts: readonly Part[];
      readonly isSimple: boolean;
    }
  | {
      readonly kind: "optional" | "repeated" | "repeatedOnce";
      readonly state: State;
      /** Where a repetition comes back to. */
      readonly again: State;
      readonly part: Part;
      readonly isSimple: boolean;
      readonly operators?: Operators | undefined;
    };

export type Network = ReadonlyMap<string, Rule>;

export function networkOf(rules: Readonly<Record<string, Phrase>>): Network {
  let id = 0;
  const nextId = (): number => id++;
  const network = new Map(Object.keys(rules).map((name) => [name, new Rule(name, nextId)]));
  for (const [name, rule] of network) {
    const { entry, part } = new Builder(network, rule, nextId).phrase(rules[name]!, rule.end);
    rule.start.transitions.push({ to: entry });
    rule.body = part;
  }
  return network;
}

interface Built {
  readonly entry: State;
  readonly part: Part;
}

/** Makes the states of one rule, each phrase in front of what follows it. */
class Builder {
  readonly #network: Network;
  readonly #rule: Rule;
  readonly #nextId: () => number;

  constructor(network: Network, rule: Rule, nextId: () => number) {
    this.#network = network;
    this.#rule = rule;
    this.#nextId = nextId;
  }

  phrase(phrase: Phrase, to: State): Built {
    if (Array.isArray(phrase)) return this.#sequence(phrase as readonly Phrase[], to);
    if ("words" in phrase) return this.#words(phrase.words, to);
    if ("rule" in phrase) return this.#enter(this.#network.get(phrase.rule)!, phrase.precedence, to);
    if ("choice" in phrase) return this.#choice(phrase, to);
    return this.#loop(phrase as Loop, to);
  }

  #state(sort: StateSort, ...transitions: Transition[]): State {
    const state = new State(this.#nextId(), sort, this.#rule);
    state.transitions.push(...transitions);
    return state;
  }

  #sequence(phrases: readonly Phrase[], to: State): Built {
    const parts: Part[] = [];
    let entry = to;
    for (const phrase of phrases.toReversed()) {
      const built = this.phrase(phrase, entry);
      entry = built.entry;
      parts.unshift(built.part);
    }
    return { entry, part: { kind: "sequence", parts } };
  }

  #words(list: readonly TokenKind[], to: State): Built {
    const words = new Set(list);
    const state = this.#state("plain", { to, words });
    return { entry: state, part: { kind: "words", state, words } };
  }

  #enter(rule: Rule, precedence: number, to: State): Built {
    rule.follow.push(to);
    const state = this.#state("plain", { to, enters: rule });
    return { entry: state, part: { kind: "rule", state, rule, precedence } };
  }

  #choice({ choice, isSimple = false }: Choice, to: State): Built {
    const built = choice.map((phrase) => this.phrase(phrase, to));
    const state = this.#state("choice", ...built.map(({ entry }) => ({ to: entry })));
    return { entry: state, part: { kind: "choice", state, parts: built.map(({ part }) => part), isSimple } };
  }

  #loop(loop: Loop, to: State): Built {
    const { isSimple = false, operators } = loop;
    if ("optional" in loop) {
      const { entry, part } = this.phrase(loop.optional, to);
      const state = this.#state("choice", { to: entry }, { to });
      return { entry: state, part: { kind: "optional", state, again: state, part, isSimple: true } };
    }
    const again = this.#state("again");
    const isOnce = "repeatedOnce" in loop;
    const { entry, part } = this.phrase(isOnce ? loop.repeatedOnce : loop.repeated, again);
    const state = this.#state(isOnce ? "choice" : "loop", { to: entry });
    again.transitions.push({ to: state });
    (isOnce ? again : state).transitions.push({ to });
    const kind = isOnce ? "repeatedOnce" : "repeated";
    return { entry: state, part: { kind, state, again, part, isSimple, operators } };
  }
}

interface Choice {
  readonly choice: readonly Phrase[];
  readonly isSimple?: boolean;
}

type Loop = (
  { readonly optional: Phrase } | { readonly repeated: Phrase } | { readonly repeatedOnce: Phrase }
) & { readonly isSimple?: boolean; readonly operators?: Operators };
