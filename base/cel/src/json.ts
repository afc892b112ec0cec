/** Plain JSON as values, read where it is looked at. Whole numbers are ints, as decoders of Kubernetes have them. */

import { JsonList } from "./lists.ts";
import { JsonMap } from "./maps.ts";
import { Double, smallInt, type CelValue } from "./values.ts";

export function jsonValue(raw: unknown): CelValue {
  switch (typeof raw) {
    case "string":
    case "boolean":
      return raw;
    case "number":
      return jsonNumber(raw);
    case "bigint":
      return smallInt(raw);
    case "object":
      if (raw === null) return null;
      return Array.isArray(raw) ? new JsonList(raw) : new JsonMap(raw as Readonly<Record<string, unknown>>);
    default:
      return null;
  }
}

export function jsonNumber(raw: number): CelValue {
  if (Number.isSafeInteger(raw)) return raw === 0 ? 0 : raw;
  return Number.isInteger(raw) && Math.abs(raw) < 2 ** 63 ? smallInt(BigInt(raw)) : new Double(raw);
}
