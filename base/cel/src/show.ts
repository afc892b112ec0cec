/** Values as Go prints them (`%v`), which is how they come into messages of evaluation. */

import { doubleText } from "./numbers.ts";
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
