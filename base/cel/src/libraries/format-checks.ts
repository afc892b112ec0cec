/** What can be said of a literal format with a literal list of values before it is used: clauses and types, one by one. */

import type { LiteralCheck, LiteralFinding } from "../library.ts";
import type { Expression } from "../syntax.ts";
import { isDynamic, type CelType, type Kind } from "../types.ts";
import { FormatError, interpolate, WRONG_TYPE, type Clause, type ClauseKind } from "./format.ts";

const TEXTS: readonly Kind[] = [
  ..."list map int uint double bool string timestamp bytes duration type null".split(" "),
] as Kind[];

const KINDS: Readonly<Record<ClauseKind, readonly Kind[]>> = {
  s: TEXTS,
  d: ["int", "uint"],
  f: ["double", "string"],
  e: ["double", "string"],
  b: ["int", "uint", "bool"],
  x: ["int", "uint", "string", "bytes"],
  X: ["int", "uint", "string", "bytes"],
  o: ["int", "uint"],
};

class WrongValue extends Error {
  readonly id: number;

  constructor(id: number, message: string) {
    super(message);
    this.id = id;
  }
}

const check: LiteralCheck = ({ id, name, target, args: [list] }, typeOf) => {
  if (name !== "format" || target?.kind !== "literal" || typeof target.value !== "string") return [];
  if (list?.kind !== "list") return [];
  const { elements } = list;
  let used = 0;
  try {
    interpolate(
      target.value,
      (clause, index) => {
        used++;
        checkClause(clause, elements[index]!, typeOf);
        return "";
      },
      (index) => index < elements.length,
    );
  } catch (error) {
    if (error instanceof WrongValue)
      return [{ id: error.id, message: `error during formatting: ${error.message}` }];
    // A clause that cannot be read, or without a value.
    if (error instanceof FormatError) return [finding(id, error.message)];
    throw error;
  }
  if (elements.length <= used) return [];
  const counts = `(expected ${used}, got ${elements.length})`;
  return [finding(id, `too many arguments supplied to string.format ${counts}`)];
};

const finding = (id: number, message: string): LiteralFinding => ({ id, message });

type TypeOf = (id: number) => CelType;

function checkClause({ kind }: Clause, value: Expression, typeOf: TypeOf): void {
  const type = typeOf(value.id);
  if (!fits(type, KINDS[kind])) throw new WrongValue(value.id, `${WRONG_TYPE[kind]}, was given ${type.name}`);
  if (kind !== "s") return;
  const inner =
    value.kind === "list"
      ? value.elements
      : value.kind === "map"
        ? value.entries.flatMap((entry) => [entry.key, entry.value])
        : [];
  for (const one of inner) checkClause({ kind, precision: undefined }, one, typeOf);
}

const fits = (type: CelType, kinds: readonly Kind[]): boolean =>
  (isDynamic(type) && type.kind === "dyn") || kinds.includes(type.kind);

export const formatChecks: readonly LiteralCheck[] = [check];
