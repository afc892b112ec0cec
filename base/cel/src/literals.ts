/** Making lists, maps and structs. */

import { ArrayList } from "./lists.ts";
import type { TypeProvider } from "./library.ts";
import { EntryMap, isKey } from "./maps.ts";
import { OptionalValue } from "./optional.ts";
import { show } from "./show.ts";
import type { Step } from "./step.ts";
import { Double, Failure, smallInt, Uint, type CelValue, type ListValue } from "./values.ts";

const LIST_COST = 10;
const MAP_COST = 30;
const STRUCT_COST = 40;

export function listStep(elements: readonly Step[], optional: readonly number[]): Step {
  const isOptional = elements.map((_, index) => optional.includes(index));
  return (state) => {
    const values: CelValue[] = [];
    for (let index = 0; index < elements.length; index++) {
      let value = elements[index]!(state);
      if (isOptional[index] && !(value instanceof Failure)) {
        if (!(value instanceof OptionalValue)) {
          value = new Failure(
            `cannot initialize optional list element from non-optional value ${show(value)}`,
          );
        } else if (value.inner === undefined) continue;
        else value = value.inner;
      }
      if (value instanceof Failure) {
        state.cost += LIST_COST;
        return value;
      }
      values.push(value);
    }
    state.cost += LIST_COST;
    return new ArrayList(values);
  };
}

interface EntryStep {
  readonly key: Step;
  readonly value: Step;
  readonly isOptional: boolean;
}

export function mapStep(entries: readonly EntryStep[]): Step {
  return (state) => {
    const map = new EntryMap();
    const failed = (failure: Failure): Failure => {
      state.cost += MAP_COST;
      return failure;
    };
    for (const entry of entries) {
      const key = entry.key(state);
      if (key instanceof Failure) return failed(key);
      const value = entry.value(state);
      if (value instanceof Failure) return failed(value);
      if (!isKey(key)) return failed(new Failure(`unsupported key type: ${show(key)}`));
      if (!entry.isOptional) map.set(key, value);
      else if (!(value instanceof OptionalValue)) return failed(notOptional(show(key), value));
      else if (value.inner === undefined) map.delete(key);
      else map.set(key, value.inner);
    }
    state.cost += MAP_COST;
    return map;
  };
}

const notOptional = (key: string, value: CelValue): Failure =>
  new Failure(`cannot initialize optional entry '${key}' from non-optional value ${show(value)}`);

interface StructPlan {
  readonly type: string;
  readonly fields: readonly { readonly name: string; readonly value: Step; readonly isOptional: boolean }[];
  readonly types: TypeProvider;
}

export function structStep({ type, fields, types }: StructPlan): Step {
  return (state) => {
    const values = new Map<string, CelValue>();
    const failed = (failure: Failure): Failure => {
      state.cost += STRUCT_COST;
      return failure;
    };
    for (const { name, value: step, isOptional } of fields) {
      const value = step(state);
      if (value instanceof Failure) return failed(value);
      if (!isOptional) values.set(name, value);
      else if (!(value instanceof OptionalValue)) return failed(notOptional(name, value));
      else if (value.inner === undefined) values.delete(name);
      else values.set(name, value.inner);
    }
    state.cost += STRUCT_COST;
    return types.make?.(type, values) ?? new Failure(`unknown type '${type}'`);
  };
}

/**
 * `x in [1, 2, 3]` as a look-up, which costs nothing; undefined when an element is none of those that can be looked up. Numbers
 * are found across their kinds where that loses nothing.
 */
export function membership(element: Step, list: ListValue): Step | undefined {
  const set = new EntryMap();
  for (const value of list) {
    if (value instanceof Failure || !isKey(value)) return undefined;
    set.set(value, true);
    if (value instanceof Double && Number.isInteger(value.value)) {
      const whole = smallInt(BigInt(value.value));
      set.set(whole, true);
      if (whole >= 0) set.set(new Uint(whole), true);
    } else if (typeof value === "number" || typeof value === "bigint") {
      set.set(new Double(Number(value)), true);
    } else if (value instanceof Uint) set.set(new Double(Number(value.value)), true);
  }
  return (state) => {
    const value = element(state);
    return value instanceof Failure ? value : set.find(value) !== undefined;
  };
}
