/**
 * Makes a program of a checked expression: one closure for each node, names resolved to slots and functions while planning, so
 * that evaluating only computes.
 *
 * What costs nothing at run time in cel-go costs nothing here: lists and maps of constants and conversions of constants are
 * made while planning, and so is the set that a constant list is for `in`.
 */

import { attributeStep, resolver } from "./attributes.ts";
import { andStep, callStep, equalStep, notStrictlyFalseStep, orStep } from "./calls.ts";
import type { Checked } from "./checker.ts";
import type { Declarations } from "./declarations.ts";
import { foldStep, startStep } from "./folds.ts";
import { implementation } from "./implementation.ts";
import { listStep, mapStep, membership, structStep } from "./literals.ts";
import { optionalOrStep } from "./libraries/optionals.ts";
import { EvaluationError, type Program } from "./program.ts";
import { pattern } from "./regex.ts";
import { runProgram } from "./run.ts";
import { qualify, type AttributePlan, type Plan, type State, type Step } from "./step.ts";
import type {
  Call,
  Expression,
  Fold,
  Ident,
  ListLiteral,
  MapLiteral,
  Select,
  StructLiteral,
} from "./syntax.ts";
import { Failure, ListValue, TypeValue, type Outcome } from "./values.ts";

/** Throws EvaluationError for constants that cannot be made: `duration("x")`, a pattern that is none. */
export function plan(checked: Checked, declarations: Declarations): Program {
  const planner = new Planner(checked, declarations);
  const step = planner.step(checked.expression);
  return runProgram(step, planner.slots);
}

const CONVERSIONS = new Set("bool bytes double duration dyn int string timestamp type uint".split(" "));

class Planner {
  /** How many the program needs. */
  slots = 0;
  readonly #checked: Checked;
  readonly #declarations: Declarations;
  readonly #presenceCost: number;
  /** Variables of folds around what is being planned, innermost last. */
  readonly #scopes: Map<string, Step>[] = [];

  constructor(checked: Checked, declarations: Declarations) {
    this.#checked = checked;
    this.#declarations = declarations;
    this.#presenceCost = declarations.settings.presenceCost ?? 1;
  }

  step(expression: Expression): Step {
    return this.#finish(this.#plan(expression));
  }

  #finish(plan: Plan): Step {
    switch (plan.kind) {
      case "constant": {
        const { value } = plan;
        return () => value;
      }
      case "attribute":
        return attributeStep(plan, this.#presenceCost);
      case "other":
        return plan.step;
    }
  }

  #plan(expression: Expression): Plan {
    switch (expression.kind) {
      case "literal":
        return { kind: "constant", value: expression.value };
      case "ident":
        return this.#ident(expression);
      case "select":
        return this.#select(expression);
      case "call":
        return this.#call(expression);
      case "list":
        return this.#list(expression);
      case "map":
        return this.#map(expression);
      case "struct":
        return this.#struct(expression);
      case "fold":
        return { kind: "other", step: this.#fold(expression) };
    }
  }

  #ident({ id, name }: Ident): Plan {
    const reference = this.#checked.references[id];
    if (reference?.kind === "type") return { kind: "constant", value: new TypeValue(reference.type) };
    // What is known to be a type must be known by its name: variables that hold types cannot be used, as in cel-go.
    if (this.#checked.types[id]!.kind === "type")
      throw new EvaluationError(`reference to undefined type: ${name}`);
    return attribute(this.#variable(name));
  }

  #variable(name: string): Step {
    for (const scope of this.#scopes.toReversed()) {
      const local = scope.get(name);
      if (local) return local;
    }
    const unknown = new Failure(`no such attribute(s): ${name}`);
    return ({ variables }) => variables[name] ?? (variables[name] === null ? null : unknown);
  }

  #select({ operand, field, isTest }: Select): Plan {
    const extended = qualify(this.#attribute(operand), { key: field, isOptional: false, isTest });
    return isTest ? { ...extended, isTest } : extended;
  }

  /** The plan of an expression as one that can be extended. */
  #attribute(expression: Expression): AttributePlan {
    const plan = this.#plan(expression);
    return plan.kind === "attribute" ? plan : attribute(this.#finish(plan));
  }

  #call(call: Call): Plan {
    const [first, second, third] = call.args;
    switch (call.name) {
      case "_&&_":
        return other(andStep(this.step(first!), this.step(second!)));
      case "_||_":
        return other(orStep(this.step(first!), this.step(second!)));
      case "_?_:_": {
        const [then, otherwise] = [this.#attribute(second!), this.#attribute(third!)];
        const root = { kind: "choice", condition: this.step(first!), then, else: otherwise } as const;
        return { kind: "attribute", root, qualifiers: [] };
      }
      case "_==_":
        return other(
          equalStep(this.#steps(call), { wanted: true, cost: this.#declarations.costs?.equality }),
        );
      case "_!=_":
        return other(equalStep(this.#steps(call), { wanted: false, cost: undefined }));
      case "_[_]":
        return this.#index(call, false);
      case "_[?_]":
      case "_?._":
        return this.#index(call, true);
      case "@not_strictly_false":
        return other(notStrictlyFalseStep(this.step(first!)));
      default:
        return this.#function(call);
    }
  }

  #index({ args: [operand, index] }: Call, isOptional: boolean): Plan {
    const from = this.#attribute(operand!);
    const key = this.#plan(index!);
    if (key.kind === "constant") return qualify(from, { key: key.value, isOptional });
    return qualify(from, { key: key.kind === "attribute" ? resolver(key) : key.step, isOptional });
  }

  #function(call: Call): Plan {
    const ids = this.#overloads(call);
    if ((call.name === "or" || call.name === "orValue") && ids.some((id) => id.startsWith("optional_or"))) {
      const [left, right] = this.#steps(call);
      return other(optionalOrStep({ left: left!, right: right!, unwraps: call.name === "orValue" }));
    }
    const plans = operands(call).map((operand) => this.#plan(operand));
    const set = ids.length === 1 && ids[0] === "in_list" ? this.#membership(plans) : undefined;
    if (set) return set;
    const target = implementation({ call, ids, checked: this.#checked, declarations: this.#declarations });
    this.#checkPattern(call, plans);
    const [only] = plans;
    if (CONVERSIONS.has(call.name) && plans.length === 1 && only!.kind === "constant") {
      return constant(target.call(only!.value));
    }
    return other(
      callStep(
        target,
        plans.map((plan) => this.#finish(plan)),
      ),
    );
  }

  #membership([element, list]: readonly Plan[]): Plan | undefined {
    if (list!.kind !== "constant" || !(list!.value instanceof ListValue)) return undefined;
    if (list!.value.size === 0) return { kind: "constant", value: false };
    const step = membership(this.#finish(element!), list!.value);
    return step && other(step);
  }

  /** A constant regular expression that is none fails before anything is evaluated. */
  #checkPattern({ name }: Call, plans: readonly Plan[]): void {
    const at = this.#declarations.functions.get(name)?.pattern;
    const plan = at === undefined ? undefined : plans[at];
    if (plan?.kind !== "constant" || typeof plan.value !== "string") return;
    const compiled = pattern(plan.value);
    if (compiled instanceof Failure) throw new EvaluationError(compiled.message);
  }

  #list({ elements, optional }: ListLiteral): Plan {
    const plans = elements.map((element) => this.#plan(element));
    const step = listStep(
      plans.map((plan) => this.#finish(plan)),
      optional,
    );
    return plans.every(isConstant) ? constant(step(NO_STATE())) : other(step);
  }

  #map({ entries }: MapLiteral): Plan {
    const plans = entries.map(({ key, value }) => [this.#plan(key), this.#plan(value)] as const);
    const step = mapStep(
      plans.map(([key, value], index) => ({
        key: this.#finish(key),
        value: this.#finish(value),
        isOptional: entries[index]!.isOptional,
      })),
    );
    return plans.flat().every(isConstant) ? constant(step(NO_STATE())) : other(step);
  }

  #struct({ type, fields }: StructLiteral): Plan {
    const steps = fields.map(({ name, value, isOptional }) => ({
      name,
      value: this.step(value),
      isOptional,
    }));
    return other(structStep({ type, fields: steps, types: this.#declarations.types }));
  }

  #fold(fold: Fold): Step {
    const range = this.step(fold.range);
    const init = this.step(fold.init);
    const accumulator = this.slots++;
    const first = this.slots++;
    const second = fold.second === undefined ? undefined : this.slots++;
    const start = startStep(accumulator, init);
    this.#scopes.push(new Map([[fold.accumulator, start]]));
    const inner = new Map([[fold.variable, slotStep(first)]]);
    if (fold.second !== undefined) inner.set(fold.second, slotStep(second!));
    this.#scopes.push(inner);
    const condition = this.step(fold.condition);
    const step = this.step(fold.step);
    this.#scopes.pop();
    const result = this.step(fold.result);
    this.#scopes.pop();
    return foldStep({ range, accumulator, first, second, condition, step, result });
  }

  #steps(call: Call): Step[] {
    return operands(call).map((operand) => this.step(operand));
  }

  #overloads({ id }: Call): readonly string[] {
    const reference = this.#checked.references[id];
    return reference?.kind === "overloads" ? reference.ids : [];
  }
}

const operands = ({ target, args }: Call): readonly Expression[] => (target ? [target, ...args] : args);
const attribute = (step: Step): AttributePlan => ({
  kind: "attribute",
  root: { kind: "value", step },
  qualifiers: [],
});
const other = (step: Step): Plan => ({ kind: "other", step });
const isConstant = ({ kind }: Plan): boolean => kind === "constant";

function constant(value: Outcome): Plan {
  if (value instanceof Failure) throw new EvaluationError(value.message);
  return { kind: "constant", value };
}

const NO_STATE = (): State => ({ variables: {}, slots: [], cost: 0, budget: Infinity });

const slotStep =
  (slot: number): Step =>
  ({ slots }) =>
    slots[slot]!;
