/** Values as Go prints them (`%v`), which is how they come into messages of evaluation. */

import { durationText, timestampGoText } from "./time.ts";
import {
  Double,
  Duration,
  Failure,
  ListValue,
  MapValue,
  Timestamp,
  TypeValue,
  Uint,
  type Outcome,
} from "./values.ts";

export function show(value: Outcome): string {
  if (value === null) return "0"; // an enum's number, in Go
  if (value instanceof Uint8Array) return `[${value.join(" ")}]`;
  if (value instanceof Double) return doubleText(value.value);
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Duration) return durationText(value.nanos);
  if (value instanceof Timestamp) return timestampGoText(value);
  if (value instanceof TypeValue) return value.type.name;
  if (value instanceof ListValue) return `[${[...value].map(show).join(", ")}]`;
  if (value instanceof MapValue) {
    return `{${[...value.keys()].map((key) => `${show(key)}: ${show(value.find(key)!)}`).join(", ")}}`;
  }
  if (value instanceof Failure) return value.message;
  return String(value);
}

/** Go's `%g` with the fewest digits that tell the number apart. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (Object.is(value, -0)) return "-0";
  const [digits = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** All digits, without an exponent: Go's `%f` with the fewest digits. */
export function plainText(value: number): string {
  const [, sign = "", whole = "", fraction = "", exponent] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(
    String(value),
  )!;
  if (exponent === undefined) return String(value);
  const power = Number(exponent);
  const digits = whole + fraction;
  return power < 0
    ? `${sign}0.${"0".repeat(-power - 1)}${digits}`
    : sign + digits.padEnd(whole.length + power, "0");
}

/** What Go calls a value's type where it prints one. */
export function goTypeName(value: Outcome): string {
  if (value === null) return "types.Null";
  switch (typeof value) {
    case "boolean":
      return "types.Bool";
    case "string":
      return "types.String";
    case "number":
    case "bigint":
      return "types.Int";
  }
  if (value instanceof Double) return "types.Double";
  if (value instanceof Uint) return "types.Uint";
  if (value instanceof Timestamp) return "types.Timestamp";
  if (value instanceof Duration) return "types.Duration";
  return value instanceof Uint8Array ? "types.Bytes" : `*types.${value.constructor.name}`;
}
