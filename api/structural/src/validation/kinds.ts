/** Which of JSON Schema's types a value is of, as a small number. Whole numbers are integers, however they were written. */

export const NULL = 0;
export const STRING = 1;
export const INTEGER = 2;
export const NUMBER = 3;
export const BOOLEAN = 4;
export const ARRAY = 5;
export const OBJECT = 6;

export type Kind =
  | typeof NULL
  | typeof STRING
  | typeof INTEGER
  | typeof NUMBER
  | typeof BOOLEAN
  | typeof ARRAY
  | typeof OBJECT;

/** By their numbers. */
export const kindNames = ["null", "string", "integer", "number", "boolean", "array", "object"] as const;

const INT64 = 2 ** 63;

export function kindOf(value: unknown): Kind {
  switch (typeof value) {
    case "string":
      return STRING;
    case "number":
      return Number.isInteger(value) && Math.abs(value) <= INT64 ? INTEGER : NUMBER;
    case "boolean":
      return BOOLEAN;
    default:
      return value === null || value === undefined ? NULL : Array.isArray(value) ? ARRAY : OBJECT;
  }
}
