/**
 * A compiled expression that can be evaluated any number of times.
 *
 * Evaluating is synchronous and leaves no trace: the same values give the same result at the same cost.
 */

import type { CelValue, Outcome } from "./values.ts";

/**
 * Values of variables by name. A getter is read when the program wants the variable, once for each mention. A Failure is
 * what the expression that names the variable comes to.
 */
export type Activation = Readonly<Record<string, Outcome | undefined>>;

export interface Evaluation {
  readonly value: CelValue;
  readonly cost: number;
}

export interface Program {
  /**
   * Throws EvaluationError for what the expression did wrong, and BudgetExceeded once it has cost more than `budget`
   * (default: no limit). Both say what it cost.
   */
  evaluate(variables: Activation, limits?: { readonly budget?: number }): Evaluation;
}

/** An expression that has no value; `message` in cel-go's words: `no such key: x`, `division by zero`. */
export class EvaluationError extends Error {
  override readonly name: string = "EvaluationError";
  readonly cost: number;

  constructor(message: string, cost = 0) {
    super(message);
    this.cost = cost;
  }
}

export class BudgetExceeded extends EvaluationError {
  override readonly name = "BudgetExceeded";

  constructor(cost: number) {
    super("operation cancelled: actual cost limit exceeded", cost);
  }
}
