/**
 * Picking fields, entries and elements out of values: `x.a`, `x["a"]`, `x[i]`, `x.?a`, `has(x.a)`.
 *
 * A chain is walked in one go. Each step of it costs 1, and so does what it starts from, unless that was chosen by `? :`, whose
 * branches are walked to their end and only then taken.
 */

import { NONE, OptionalValue } from "./optional.ts";
import { goTypeName, show } from "./show.ts";
import type { AttributePlan, Qualifier, Root, State, Step } from "./step.ts";
import { typeOf } from "./type-of.ts";
import {
  Double,
  Failure,
  ListValue,
  MapValue,
  StructValue,
  Uint,
  type CelValue,
  type Outcome,
} from "./values.ts";

/** The value of an attribute, and what reaching it costs. `presenceCost` is that of `has()`. */
export function attributeStep(plan: AttributePlan, presenceCost: number): Step {
  const resolve = resolver(plan);
  const own = plan.root.kind === "choice" ? 0 : 1;
  const cost = plan.isTest ? own - 1 + presenceCost : own;
  return (state) => {
    const value = resolve(state);
    state.cost += cost;
    return value;
  };
}

/** The value of an attribute, for what costs nothing to start from: an index, a branch of `? :`. */
export function resolver({ root, qualifiers }: AttributePlan): Step {
  if (root.kind === "choice") return choice(root);
  const start = root.step;
  if (qualifiers.length === 0) return start;
  const last = qualifiers.at(-1)!;
  if (last.isTest) {
    return presence(resolver({ kind: "attribute", root, qualifiers: qualifiers.slice(0, -1) }), last);
  }
  if (qualifiers.every(({ key, isOptional }) => !isOptional && typeof key === "string")) {
    return fields(start, qualifiers.map(({ key }) => key) as string[]);
  }
  return (state) => walk(state, start(state), qualifiers);
}

function choice({ condition, then, else: otherwise }: Extract<Root, { kind: "choice" }>): Step {
  const [first, second] = [resolver(then), resolver(otherwise)];
  return (state) => {
    const holds = condition(state);
    if (holds === true) return first(state);
    if (holds === false) return second(state);
    return holds instanceof Failure ? holds : new Failure("no such overload");
  };
}

/** The plain case: fields with names. */
function fields(start: Step, names: readonly string[]): Step {
  return (state) => {
    let value = start(state);
    let index = 0;
    for (; index < names.length; index++) {
      if (value instanceof MapValue) {
        state.cost++;
        const found = value.find(names[index]!);
        value = found === undefined ? missing(names[index]!) : found;
      } else if (value instanceof Failure) return value;
      else if (value instanceof OptionalValue && index === 0) return walk(state, value, names.map(required));
      else {
        state.cost++;
        value = pick(value, names[index]!);
      }
    }
    return value;
  };
}

const required = (key: string): Qualifier => ({ key, isOptional: false });

function walk(state: State, start: Outcome, qualifiers: readonly Qualifier[]): Outcome {
  let value = start;
  let isOptional = false;
  if (value instanceof OptionalValue) {
    if (value.inner === undefined) return value;
    value = value.inner;
    isOptional = true;
  }
  for (const qualifier of qualifiers) {
    if (value instanceof Failure) return value;
    isOptional ||= qualifier.isOptional;
    const key = keyOf(state, qualifier);
    if (key instanceof Failure) {
      if (!isOptional) state.cost++;
      return key;
    }
    if (isOptional) {
      const found = pickIfThere(value, key);
      if (found === undefined) return NONE;
      if (found instanceof Failure) return found;
      state.cost++;
      value = found;
    } else {
      state.cost++;
      value = pick(value, key);
    }
  }
  if (!isOptional || value instanceof Failure) return value;
  return new OptionalValue(value);
}

function keyOf(state: State, { key }: Qualifier): Outcome {
  if (typeof key !== "function") return key;
  const value = key(state);
  if (value instanceof Failure || isQualifier(value)) return value;
  return new Failure(`invalid qualifier type: ${nativeName(value)}`);
}

/** What Go calls what stands behind a value. */
function nativeName(value: CelValue): string {
  if (value === null) return "<nil>";
  if (value instanceof ListValue) return "[]interface {}";
  return value instanceof MapValue ? "map[string]interface {}" : goTypeName(value);
}

const isQualifier = (value: CelValue): boolean =>
  (typeof value !== "object" && value !== null) || value instanceof Double || value instanceof Uint;

/** `has(x.a)`: the last step is a test. What is no map, list or struct has nothing. */
function presence(before: Step, { key }: Qualifier): Step {
  return (state) => {
    let value = before(state);
    if (value instanceof Failure) return value;
    if (value instanceof OptionalValue) {
      if (value.inner === undefined) return false;
      value = value.inner;
    }
    state.cost++;
    if (value instanceof StructValue) return value.has(key as string);
    const found = pickIfThere(value, key as CelValue);
    return found instanceof Failure ? found : found !== undefined;
  };
}

const missing = (key: CelValue): Failure => new Failure(`no such key: ${show(key)}`);

/** `value[key]`, which must be there. */
export function pick(value: CelValue, key: CelValue): Outcome {
  if (value instanceof StructValue)
    return typeof key === "string" ? value.field(key) : new Failure("no such overload");
  const found = pickIfThere(value, key);
  if (found !== undefined) return found;
  return value instanceof ListValue ? new Failure(`index out of bounds: ${show(key)}`) : missing(key);
}

function pickIfThere(value: CelValue, key: CelValue): Outcome | undefined {
  if (value instanceof MapValue) return value.find(key);
  if (value instanceof ListValue) {
    const index = indexOf(key);
    if (index instanceof Failure) return index;
    return index >= 0 && index < value.size ? value.at(index) : undefined;
  }
  if (!(value instanceof StructValue)) return undefined;
  if (typeof key !== "string") return new Failure("no such overload");
  const there = value.has(key);
  if (there instanceof Failure) return there;
  return there ? value.field(key) : undefined;
}

/** Whole numbers of all kinds can index a list. */
export function indexOf(key: CelValue): number | Failure {
  if (typeof key === "number") return key;
  if (typeof key === "bigint") return Number(key);
  if (key instanceof Double || key instanceof Uint) {
    const index = Number(key.value);
    return Number.isSafeInteger(index) ? index : new Failure(`unsupported index value ${show(key)} in list`);
  }
  return new Failure(`unsupported index type '${typeOf(key).name}' in list`);
}
