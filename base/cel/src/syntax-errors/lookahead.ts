/** Which words can come next, and which way to go when several words have to be looked at to know. */

import type { Token, TokenKind } from "../tokens.ts";
import type { Rule, State } from "./network.ts";

/** Where to go on when a rule ends; nothing below the last. */
export interface Stack {
  readonly follow: State;
  readonly rest: Stack | undefined;
}

/** The rule can end here, whoever has entered it. */
export const END = "end";

/** Words that can come next, and END when the rule may be over before one does. */
export function nextWords(state: State): ReadonlySet<TokenKind | typeof END> {
  return look(state, undefined, END);
}

/** The same with what really follows the rules that have been entered. */
export function nextWordsIn(state: State, stack: Stack | undefined): ReadonlySet<TokenKind | typeof END> {
  return look(state, stack, "<EOF>");
}

function look<Last extends TokenKind | typeof END>(
  from: State,
  within: Stack | undefined,
  last: Last,
): ReadonlySet<TokenKind | Last> {
  const found = new Set<TokenKind | Last>();
  const seen = new Set<string>();
  const visit = (state: State, stack: Stack | undefined, entered: readonly Rule[]): void => {
    const key = keyOf(state, stack);
    if (seen.has(key)) return;
    seen.add(key);
    if (state.sort === "end") {
      if (stack) visit(stack.follow, stack.rest, entered.slice(0, -1));
      else found.add(last);
      return;
    }
    for (const { to, words, enters } of state.transitions) {
      if (words) for (const word of words) found.add(word);
      else if (!enters) visit(to, stack, entered);
      else if (!entered.includes(enters))
        visit(enters.start, { follow: to, rest: stack }, [...entered, enters]);
    }
  };
  visit(from, within, []);
  return found;
}

function keyOf({ id }: State, stack: Stack | undefined): string {
  let key = String(id);
  for (let at = stack; at; at = at.rest) key += ` ${at.follow.id}`;
  return key;
}

/** A way through the network that is still open. */
interface Way {
  readonly alternative: number;
  readonly state: State;
  readonly stack: Stack | undefined;
  /** It has left the rule in which the choice is. */
  readonly hasLeft: boolean;
}

/** Which alternative to take; undefined: none, as `offending` shows. */
export interface Prediction {
  readonly alternative: number | undefined;
  readonly offending: Token;
}

/**
 * Follows all alternatives of a choice side by side, until one is left or two have become the same, of which the first is taken.
 * When no way goes on, one that is through with the rule of the choice is as good as any: whoever comes after it reports.
 * Outside of that rule any of the rules that enter it may go on.
 */
export function predict(choice: State, tokens: readonly Token[], start: number): Prediction {
  let ways = closure(
    choice.transitions.map(({ to }, alternative) => ({
      alternative,
      state: to,
      stack: undefined,
      hasLeft: false,
    })),
  );
  for (let at = start; ; at++) {
    const token = tokens[at]!;
    const next = closure(ways.flatMap((way) => step(way, token.kind)));
    if (next.length === 0) {
      const through = ways.filter(({ hasLeft, state }) => hasLeft || state.sort === "end");
      return { alternative: first(through), offending: token };
    }
    if (token.kind === "<EOF>" || isDecided(next)) return { alternative: first(next), offending: token };
    ways = next;
  }
}

function first(ways: readonly Way[]): number | undefined {
  return ways.length === 0 ? undefined : Math.min(...ways.map(({ alternative }) => alternative));
}

function isDecided(ways: readonly Way[]): boolean {
  if (ways.every(({ alternative }) => alternative === ways[0]!.alternative)) return true;
  const byPlace = Map.groupBy(ways, ({ state, stack }) => keyOf(state, stack));
  const byState = Map.groupBy(ways, ({ state }) => state);
  const areSeveral = (some: readonly Way[]): boolean =>
    new Set(some.map(({ alternative }) => alternative)).size > 1;
  return [...byPlace.values()].some(areSeveral) && [...byState.values()].every(areSeveral);
}

function step({ alternative, state, stack, hasLeft }: Way, kind: TokenKind): readonly Way[] {
  return state.transitions
    .filter(({ words }) => words?.has(kind))
    .map(({ to }) => ({ alternative, state: to, stack, hasLeft }));
}

/** All that can be reached without a word, kept where a word is taken. */
function closure(from: readonly Way[]): readonly Way[] {
  const found: Way[] = [];
  const seen = new Set<string>();
  const visit = (way: Way): void => {
    const { alternative, state, stack } = way;
    const key = `${alternative} ${keyOf(state, stack)}`;
    if (seen.has(key)) return;
    seen.add(key);
    if (state.sort === "end") {
      if (stack) return visit({ ...way, state: stack.follow, stack: stack.rest });
      if (state.rule.follow.length === 0) found.push(way);
      for (const follow of state.rule.follow) visit({ ...way, state: follow, hasLeft: true });
      return;
    }
    let takesWords = false;
    for (const { to, words, enters } of state.transitions) {
      if (words) takesWords = true;
      else if (enters) visit({ ...way, state: enters.start, stack: { follow: to, rest: stack } });
      else visit({ ...way, state: to });
    }
    if (takesWords) found.push(way);
  };
  from.forEach(visit);
  return found;
}
