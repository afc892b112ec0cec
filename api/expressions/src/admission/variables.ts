/**
 * `variables` of a policy: each may use those before it, and is evaluated when something wants it, once for each run of
 * expressions. What they cost is kept until it is asked for, beside the cost of who wanted them.
 */

import { EvaluationError, type Activation } from "@knarr/cel/program.ts";
import type { TypeProvider } from "@knarr/cel/library.ts";
import { DYN, listOf, mapOf, struct, type CelType, type Kind } from "@knarr/cel/types.ts";
import { Failure, MapValue, type CelValue, type Outcome } from "@knarr/cel/values.ts";
import { quote } from "@knarr/std/quote.ts";
import { unescapeName } from "../escape.ts";
import { PER_CALL_LIMIT } from "../limits.ts";
import type { AdmissionExpression } from "./compile.ts";

export const VARIABLES = struct("kubernetes.variables");

/** Names and types of variables as far as they are known. */
export class VariableTypes implements TypeProvider {
  readonly #types = new Map<string, CelType>();

  find(name: string): CelType | undefined {
    return name === VARIABLES.name ? VARIABLES : undefined;
  }

  field(_type: string, field: string): CelType | undefined {
    return this.#types.get(field);
  }

  set(name: string, type: CelType | undefined): void {
    this.#types.set(name, type ? declared(type) : DYN);
  }
}

const AS_THEY_ARE: ReadonlySet<Kind> = new Set<Kind>([
  "any",
  "bool",
  "bytes",
  "double",
  "duration",
  "int",
  "null",
  "string",
  "timestamp",
  "uint",
]);

/** Structs and opaque types are not known any more from outside the expression. */
function declared({ kind, parameters, isNullable, ...rest }: CelType): CelType {
  const [first, second] = parameters;
  if (kind === "list") return listOf(declared(first!));
  if (kind === "map") return mapOf(declared(first!), declared(second!));
  return AS_THEY_ARE.has(kind) && !isNullable ? { kind, parameters, ...rest } : DYN;
}

export class VariableValues extends MapValue {
  readonly #expressions: ReadonlyMap<string, AdmissionExpression>;
  readonly #activation: Activation;
  readonly #values = new Map<string, Outcome>();
  #cost = 0;

  constructor(expressions: ReadonlyMap<string, AdmissionExpression>, activation: Activation) {
    super();
    this.#expressions = expressions;
    this.#activation = activation;
  }

  get size(): number {
    return this.#expressions.size;
  }

  keys(): Iterable<CelValue> {
    return this.#expressions.keys();
  }

  find(key: CelValue): Outcome | undefined {
    if (typeof key !== "string") return new Failure("no such overload");
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const name = unescapeName(key);
    const expression = name === undefined ? undefined : this.#expressions.get(name);
    if (!expression) return undefined;
    const value = this.#evaluate(name!, expression);
    this.#values.set(key, value);
    return value;
  }

  /** What was evaluated since this was last asked. */
  takeCost(): number {
    const cost = this.#cost;
    this.#cost = 0;
    return cost;
  }

  #evaluate(name: string, { error, program }: AdmissionExpression): Outcome {
    if (error) return new Failure(`composited variable ${quote(name)} fails to compile: ${error.detail}`);
    try {
      const { value, cost } = program!.evaluate(this.#activation, { budget: PER_CALL_LIMIT });
      this.#cost += cost;
      return value;
    } catch (problem) {
      if (!(problem instanceof EvaluationError)) throw problem;
      this.#cost += problem.cost;
      return new Failure(`composited variable ${quote(name)} fails to evaluate: ${problem.message}`);
    }
  }
}
