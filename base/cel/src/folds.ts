/**
 * Folds: what the macros over lists and maps became. For each element the condition says whether to go on, and the step gives
 * the accumulator its next value.
 *
 * The accumulator starts when it is first looked at. One that starts as an empty list or map grows in place while the fold
 * runs, so that `map` and `filter` take time in proportion to the list; nobody else can see it before it is done.
 */

import { GrowingList } from "./lists.ts";
import { GrowingMap } from "./maps.ts";
import { BudgetExceeded } from "./program.ts";
import { goTypeName } from "./show.ts";
import type { State, Step } from "./step.ts";
import { Failure, ListValue, MapValue, type Outcome } from "./values.ts";

export interface FoldPlan {
  readonly range: Step;
  readonly condition: Step;
  readonly step: Step;
  readonly result: Step;
  /** Slots of the variables. */
  readonly accumulator: number;
  readonly first: number;
  readonly second: number | undefined;
}

/** Reads the accumulator, and starts it if need be. */
export function startStep(slot: number, init: Step): Step {
  return (state) => {
    const now = state.slots[slot];
    if (now !== undefined) return now;
    const start = init(state);
    const isEmpty = (start instanceof ListValue || start instanceof MapValue) && start.size === 0;
    return (state.slots[slot] = !isEmpty
      ? start
      : start instanceof ListValue
        ? new GrowingList()
        : new GrowingMap());
  };
}

export function foldStep(plan: FoldPlan): Step {
  const { range, accumulator, result } = plan;
  return (state) => {
    // The outer fold of two over the same variables has its own slots; these are only ever this one's.
    state.slots[accumulator] = undefined;
    const over = range(state);
    if (over instanceof Failure) return over;
    const failure = plan.second === undefined ? each(state, plan, over) : eachPair(state, plan, over);
    if (failure) return failure;
    const value = result(state);
    return value instanceof GrowingList && isSlot(state, accumulator, value) ? value.frozen() : value;
  };
}

/** A list that grows is the fold's own only if it is its accumulator. */
const isSlot = ({ slots }: State, slot: number, value: Outcome): boolean => slots[slot] === value;

function each(state: State, plan: FoldPlan, over: Outcome): Failure | undefined {
  const { slots } = state;
  if (over instanceof ListValue) {
    const { size } = over;
    for (let index = 0; index < size; index++) {
      slots[plan.first] = over.at(index);
      if (!goOn(state, plan)) break;
    }
  } else if (over instanceof MapValue) {
    for (const key of over.keys()) {
      slots[plan.first] = key;
      if (!goOn(state, plan)) break;
    }
  } else return new Failure(`got '${goTypeName(over)}', expected iterable type`);
  return undefined;
}

function eachPair(state: State, plan: FoldPlan, over: Outcome): Failure | undefined {
  const { slots } = state;
  if (over instanceof ListValue) {
    const { size } = over;
    for (let index = 0; index < size; index++) {
      slots[plan.first] = index;
      slots[plan.second!] = over.at(index);
      if (!goOn(state, plan)) break;
    }
  } else if (over instanceof MapValue) {
    for (const key of over.keys()) {
      slots[plan.first] = key;
      slots[plan.second!] = over.find(key)!;
      if (!goOn(state, plan)) break;
    }
  } else return new Failure(`unsupported comprehension range type: ${goTypeName(over)}`);
  return undefined;
}

function goOn(state: State, { condition, step, accumulator }: FoldPlan): boolean {
  if (condition(state) === false) return false;
  state.slots[accumulator] = step(state);
  if (state.cost > state.budget) throw new BudgetExceeded(state.cost);
  return true;
}
