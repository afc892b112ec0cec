/** Which function a call calls, and what it costs: found out while planning, once. */

import type { Implementation } from "./calls.ts";
import type { Checked } from "./checker.ts";
import type { Declarations } from "./declarations.ts";
import { defaultCost } from "./default-costs.ts";
import type { FunctionDeclaration, Overload } from "./library.ts";
import type { Call } from "./syntax.ts";
import { isOfType, typeOf } from "./type-of.ts";
import type { CelType, Kind } from "./types.ts";
import { Failure, type CelValue, type Outcome } from "./values.ts";

interface Planned {
  readonly call: Call;
  /** Overloads that the checker left. */
  readonly ids: readonly string[];
  readonly checked: Checked;
  readonly declarations: Declarations;
}

export function implementation({ call, ids, checked, declarations }: Planned): Implementation {
  const declared = declarations.functions.get(call.name)!;
  const only = ids.length === 1 ? declarations.overload(ids[0]!) : undefined;
  const id = only?.id ?? "";
  const cost = only?.cost ?? declarations.costs?.call(call.name, id) ?? defaultCost(id);
  if (declared.call) return { call: declared.call, cost };
  if (!only) return { call: dispatch(declared), cost };
  const operands = call.target ? [call.target, ...call.args] : call.args;
  const types = operands.map(({ id: node }) => checked.types[node]!);
  return { call: types.every(isCertain) && only.call ? only.call : guarded(declared.name, [only]), cost };
}

/**
 * Whether values are of a type, all the way down, without looking. JSON has no moments and spans: what is declared as such may
 * be a text.
 */
const isCertain = ({ kind, parameters }: CelType): boolean =>
  !UNCERTAIN.has(kind) && parameters.every(isCertain);

const UNCERTAIN: ReadonlySet<Kind> = new Set<Kind>(["dyn", "any", "error", "timestamp", "duration"]);

const dispatch = ({ name, overloads }: FunctionDeclaration): ((...args: Outcome[]) => Outcome) =>
  guarded(name, overloads);

/** The first overload that takes the values. */
function guarded(name: string, overloads: readonly Overload[]): (...args: Outcome[]) => Outcome {
  const callable = overloads.filter(({ call }) => call);
  return (...args) => {
    const values = args as CelValue[];
    const fitting = callable.find(({ params }) => takes(params, values));
    if (fitting) return fitting.call!(...values);
    return new Failure(`no such overload: ${name}(${values.map((value) => typeOf(value).name).join(", ")})`);
  };
}

function takes(params: readonly CelType[], values: readonly CelValue[]): boolean {
  return params.length === values.length && params.every((type, index) => isOfType(values[index]!, type));
}
