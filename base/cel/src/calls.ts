/**
 * Calling functions and operators.
 *
 * A failure among the arguments is what the call comes to, the first before the others; the call costs what it costs all the
 * same. Only `&&` and `||` look further: a side that decides makes up for one that failed.
 */

import { equal } from "./equality.ts";
import type { CallCost } from "./library.ts";
import { sizeOf, TEXT_COST } from "./default-costs.ts";
import type { State, Step } from "./step.ts";
import { Failure, type Outcome } from "./values.ts";

export interface Implementation {
  call(...args: Outcome[]): Outcome;
  /** Absent: 1. */
  readonly cost?: CallCost | undefined;
  /** An argument that failed ends the call before the others are looked at, and before it costs anything. */
  readonly endsEarly?: boolean;
}

export function callStep({ call, cost, endsEarly }: Implementation, args: readonly Step[]): Step {
  if (endsEarly) return (state) => callMany(state, { call, cost, args });
  const charge = cost
    ? (state: State, values: readonly Outcome[], result: Outcome): void => {
        state.cost += cost(values, result) ?? 1;
      }
    : undefined;
  const [first, second] = args;
  switch (args.length) {
    case 0:
      return (state) => {
        const result = call();
        if (charge) charge(state, [], result);
        else state.cost++;
        return result;
      };
    case 1:
      return (state) => {
        const value = first!(state);
        const result = value instanceof Failure ? value : call(value);
        if (charge) charge(state, [value], result);
        else state.cost++;
        return result;
      };
    case 2:
      return (state) => {
        const left = first!(state);
        const right = second!(state);
        const result = left instanceof Failure ? left : right instanceof Failure ? right : call(left, right);
        if (charge) charge(state, [left, right], result);
        else state.cost++;
        return result;
      };
    default:
      return (state) => callMany(state, { call, cost, args });
  }
}

/** Arguments after one that failed are not looked at; only a full list is charged for. */
function callMany(
  state: State,
  { call, cost, args }: Implementation & { readonly args: readonly Step[] },
): Outcome {
  const values: Outcome[] = [];
  for (const [index, arg] of args.entries()) {
    const value = arg(state);
    values.push(value);
    if (!(value instanceof Failure)) continue;
    if (index === args.length - 1) state.cost += cost?.(values, value) ?? 1;
    return value;
  }
  const result = call(...values);
  state.cost += cost?.(values, result) ?? 1;
  return result;
}

const NO_OVERLOAD = new Failure("no such overload");
const asFailure = (value: Outcome): Failure => (value instanceof Failure ? value : NO_OVERLOAD);

export function andStep(left: Step, right: Step): Step {
  return (state) => {
    const one = left(state);
    if (one === false) return false;
    const other = right(state);
    if (other === false) return false;
    if (one !== true) return asFailure(one);
    return other === true ? true : asFailure(other);
  };
}

export function orStep(left: Step, right: Step): Step {
  return (state) => {
    const one = left(state);
    if (one === true) return true;
    const other = right(state);
    if (other === true) return true;
    if (one !== false) return asFailure(one);
    return other === false ? false : asFailure(other);
  };
}

/** What folds ask before each round: anything but a plain no. */
export function notStrictlyFalseStep(of: Step): Step {
  return (state) => {
    const value = of(state);
    state.cost++;
    return typeof value === "boolean" ? value : true;
  };
}

/** `==`, or what it does not say when `wanted` is false. */
export function equalStep(
  [left, right]: readonly Step[],
  { wanted, cost }: { readonly wanted: boolean; readonly cost: EqualityCost | undefined },
): Step {
  return (state) => {
    const one = left!(state);
    const other = right!(state);
    state.cost += cost?.(one, other) ?? Math.ceil(Math.min(sizeOf(one), sizeOf(other)) * TEXT_COST);
    if (one instanceof Failure) return one;
    if (other instanceof Failure) return other;
    const same = equal(one, other);
    return wanted ? same : same !== true;
  };
}

export type EqualityCost = (left: Outcome, right: Outcome) => number | undefined;
