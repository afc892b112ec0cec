/** What a value's type is, as `type(x)` and messages have it. */

import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  INT,
  LIST,
  MAP,
  NULL,
  STRING,
  TIMESTAMP,
  TYPE,
  UINT,
  type CelType,
} from "./types.ts";
import {
  Double,
  Duration,
  Failure,
  ListValue,
  MapValue,
  Timestamp,
  TypeValue,
  Uint,
  type CelValue,
  type Outcome,
} from "./values.ts";

export function typeOf(value: CelValue): CelType {
  switch (typeof value) {
    case "boolean":
      return BOOL;
    case "string":
      return STRING;
    case "number":
    case "bigint":
      return INT;
  }
  if (value === null) return NULL;
  if (value instanceof ListValue) return LIST;
  if (value instanceof MapValue) return MAP;
  if (value instanceof Double) return DOUBLE;
  if (value instanceof Uint) return UINT;
  if (value instanceof Timestamp) return TIMESTAMP;
  if (value instanceof Duration) return DURATION;
  if (value instanceof TypeValue) return TYPE;
  return value instanceof Uint8Array ? BYTES : value.type;
}

/**
 * Whether a function that takes `type` takes the value: of lists and maps the first element is looked at, and no more, as
 * cel-go does.
 */
export function isOfType(value: Outcome | undefined, type: CelType): boolean {
  switch (type.kind) {
    case "dyn":
    case "any":
    case "param":
      return true;
    case "list": {
      if (!(value instanceof ListValue)) return false;
      return value.size === 0 || isOfType(value.at(0), type.parameters[0]!);
    }
    case "map": {
      if (!(value instanceof MapValue)) return false;
      for (const key of value.keys()) {
        return isOfType(key, type.parameters[0]!) && isOfType(value.find(key), type.parameters[1]!);
      }
      return true;
    }
    default:
      if (value === undefined || value instanceof Failure) return false;
      return typeOf(value).name === type.name || (value === null && type.isNullable === true);
  }
}
