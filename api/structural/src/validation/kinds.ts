/** Which of JSON Schema's types a value is of. Whole numbers are integers, however they were written. */

export type ValueKind = "null" | "string" | "integer" | "number" | "boolean" | "array" | "object";

const INT64 = 2 ** 63;

export function kindOf(value: unknown): ValueKind {
  switch (typeof value) {
    case "string":
      return "string";
    case "number":
      return Number.isInteger(value) && Math.abs(value) <= INT64 ? "integer" : "number";
    case "boolean":
      return "boolean";
    default:
      return value === null || value === undefined ? "null" : Array.isArray(value) ? "array" : "object";
  }
}
