/** One evaluation: a state, and what came of it. */

import { BudgetExceeded, EvaluationError, type Program } from "./program.ts";
import type { State, Step } from "./step.ts";
import { Failure } from "./values.ts";

export function runProgram(step: Step, slots: number): Program {
  return {
    evaluate(variables, { budget = Infinity } = {}) {
      const state: State = { variables, slots: slots === 0 ? NONE : new Array(slots), cost: 0, budget };
      const value = step(state);
      if (state.cost > budget) throw new BudgetExceeded(state.cost);
      if (value instanceof Failure) throw new EvaluationError(value.message, state.cost);
      return { value, cost: state.cost };
    },
  };
}

const NONE: [] = [];
