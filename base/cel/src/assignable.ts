/**
 * Which type goes where another is wanted, and what type variables stand for as more is known of them.
 *
 *     {}                 map(_var0, _var1)
 *     {} == {"a": 1}     _var0 is bound to string, _var1 to int
 *
 * Bindings are kept only when the whole attempt succeeds; `dyn` goes with everything, and a variable that met it stays `dyn`.
 */

import { DYN, isDynamic, isExactly, type CelType } from "./types.ts";

export class Bindings {
  readonly #bound = new Map<string, CelType>();
  /** What was bound before, newest last, to go back to. */
  readonly #log: [name: string, before: CelType | undefined][] = [];
  #count = 0;

  fresh(): CelType {
    return { kind: "param", name: `_var${this.#count++}`, parameters: [] };
  }

  /** Whether `from` may stand where `to` is wanted (or, for lists, each where its match is); binds variables if so. */
  isAssignable(to: CelType, from: CelType): boolean {
    return this.#attempt(() => this.#assignable(to, from));
  }

  areAssignable(to: readonly CelType[], from: readonly CelType[]): boolean {
    return this.#attempt(() => this.#allAssignable(to, from));
  }

  /** `type` with variables replaced by what they stand for; those that stand for nothing become `dyn` if asked. */
  resolve(type: CelType, { unbound }: { unbound: "keep" | "dyn" }): CelType {
    if (type.kind === "param") {
      const bound = this.#bound.get(type.name);
      if (bound) return this.resolve(bound, { unbound });
      return unbound === "dyn" ? DYN : type;
    }
    if (type.parameters.length === 0) return type;
    const parameters = type.parameters.map((inner) => this.resolve(inner, { unbound }));
    return parameters.every((inner, index) => inner === type.parameters[index])
      ? type
      : { ...type, parameters };
  }

  /** A signature with variables of its own. */
  instantiate(types: readonly CelType[]): CelType[] {
    const own = new Map<string, CelType>();
    const instance = (type: CelType): CelType => {
      if (type.kind === "param") return own.getOrInsertComputed(type.name, () => this.fresh());
      return type.parameters.length === 0 ? type : { ...type, parameters: type.parameters.map(instance) };
    };
    return types.map(instance);
  }

  #attempt(test: () => boolean): boolean {
    const mark = this.#log.length;
    if (test()) return true;
    while (this.#log.length > mark) {
      const [name, before] = this.#log.pop()!;
      if (before) this.#bound.set(name, before);
      else this.#bound.delete(name);
    }
    return false;
  }

  #bind(name: string, type: CelType): void {
    this.#log.push([name, this.#bound.get(name)]);
    this.#bound.set(name, type);
  }

  #assignable(one: CelType, other: CelType): boolean {
    if (other.kind === "param") {
      const { fits, wasBound } = this.#fits(one, other);
      if (fits) return true;
      if (wasBound) return false;
    }
    if (one.kind === "param") return this.#fits(other, one).fits;
    if (goesWithAll(one) || goesWithAll(other)) return true;
    if (one.kind === "null") return takesNull(other);
    if (other.kind === "null") return takesNull(one);
    switch (one.kind) {
      case "type":
        return other.kind === "type";
      case "opaque":
      case "list":
      case "map":
        return (
          one.kind === other.kind &&
          one.name === other.name &&
          this.#allAssignable(one.parameters, other.parameters)
        );
      default:
        return one.kind === other.kind && one.name === other.name;
    }
  }

  #allAssignable(ones: readonly CelType[], others: readonly CelType[]): boolean {
    return ones.length === others.length && ones.every((one, index) => this.#assignable(one, others[index]!));
  }

  /** Whether the variable can stand for `type`. */
  #fits(type: CelType, variable: CelType): { fits: boolean; wasBound: boolean } {
    if (type.kind === "param" && type.name === variable.name) return { fits: true, wasBound: true };
    const bound = this.#bound.get(variable.name);
    if (bound) {
      if (isExactly(type, bound)) return { fits: true, wasBound: true };
      if (!this.#assignable(type, bound)) return { fits: false, wasBound: true };
      const general = moreGeneral(type, bound);
      if (this.#isFreeOf(variable, general)) this.#bind(variable.name, general);
      return { fits: true, wasBound: true };
    }
    if (!this.#isFreeOf(variable, type)) return { fits: false, wasBound: false };
    this.#bind(variable.name, type);
    return { fits: true, wasBound: false };
  }

  /** A variable must not be bound to what it is a part of. */
  #isFreeOf(variable: CelType, type: CelType): boolean {
    if (type.kind === "param") {
      if (type.name === variable.name) return false;
      const bound = this.#bound.get(type.name);
      return !bound || this.#isFreeOf(variable, bound);
    }
    return type.parameters.every((inner) => this.#isFreeOf(variable, inner));
  }
}

const goesWithAll = (type: CelType): boolean => isDynamic(type) || type.kind === "error";

const NULLABLE_KINDS = new Set<CelType["kind"]>(["opaque", "struct", "any", "duration", "timestamp"]);

function takesNull(type: CelType): boolean {
  return type.kind === "null" || type.isNullable === true || NULLABLE_KINDS.has(type.kind);
}

/** Of two types that go together, the one that says less. */
export function moreGeneral(one: CelType, other: CelType): CelType {
  return saysNoMore(one, other) ? one : other;
}

function saysNoMore(one: CelType, other: CelType): boolean {
  if (isDynamic(one) || one.kind === "param") return true;
  if (isDynamic(other) || other.kind === "param") return false;
  if (one.kind !== other.kind) return false;
  switch (one.kind) {
    case "type":
      return true;
    case "opaque":
    case "list":
    case "map":
      return (
        one.name === other.name &&
        one.parameters.length === other.parameters.length &&
        one.parameters.every((inner, index) => saysNoMore(inner, other.parameters[index]!))
      );
    default:
      return isExactly(one, other);
  }
}
