/** `int(x)`, `string(x)`, `timestamp(x)` and the like, `size(x)`, `type(x)`, `dyn(x)`. */

import { charactersIn } from "../source.ts";
import type { FunctionDeclaration, Overload } from "../library.ts";
import { doubleText } from "../numbers.ts";
import { isMoment, parseDuration, parseTimestamp, secondsText, timestampText } from "../time.ts";
import { typeOf } from "../type-of.ts";
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  param,
  STRING,
  TIMESTAMP,
  typeOfType,
  UINT,
  type CelType,
} from "../types.ts";
import {
  Double,
  Duration,
  Failure,
  ListValue,
  MapValue,
  smallInt,
  Timestamp,
  TypeValue,
  Uint,
  type CelValue,
  type Outcome,
} from "../values.ts";

const A = param("A");
const B = param("B");
const same = (value: CelValue): Outcome => value;

function from(id: string, type: CelType, result: CelType, call: (value: any) => Outcome): Overload {
  return { id, params: [type], result, call };
}

const wrong = (type: CelType, wanted: CelType): Failure =>
  new Failure(`type conversion error from '${type.name}' to '${wanted.name}'`);

const intOverflow = new Failure("integer overflow");
const uintOverflow = new Failure("unsigned integer overflow");

function parseInteger(text: string, { min, max }: { min: bigint; max: bigint }): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text) || (min === 0n && /^[+-]/.test(text))) return undefined;
  const value = BigInt(text.replace("+", ""));
  return value < min || value > max ? undefined : value;
}

function intOf(text: string): Outcome {
  const value = parseInteger(text, { min: -(2n ** 63n), max: 2n ** 63n - 1n });
  return value === undefined ? wrong(STRING, INT) : smallInt(value);
}

function uintOf(text: string): Outcome {
  const value = parseInteger(text, { min: 0n, max: 2n ** 64n - 1n });
  return value === undefined ? wrong(STRING, UINT) : new Uint(smallInt(value));
}

const FLOAT = /^[+-]?(?:\d(?:_?\d)*(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:e[+-]?\d+)?$/i;
const HEX_FLOAT = /^([+-]?)0x([0-9a-f]*)\.?([0-9a-f]*)p([+-]?\d+)$/i;

function doubleOf(text: string): Outcome {
  const special = /^([+-]?)(inf(?:inity)?|nan)$/i.exec(text);
  if (special?.[2]?.toLowerCase() === "nan") return special[1] ? wrong(STRING, DOUBLE) : new Double(NaN);
  if (special) return new Double(special[1] === "-" ? -Infinity : Infinity);
  const value = FLOAT.test(text) ? Number(text.replaceAll("_", "")) : hexFloat(text);
  return Number.isFinite(value) ? new Double(value) : wrong(STRING, DOUBLE);
}

function hexFloat(text: string): number {
  const [, sign, whole = "", fraction = "", power] = HEX_FLOAT.exec(text) ?? [];
  if (power === undefined || whole + fraction === "") return NaN;
  const value = Number(BigInt(`0x${whole}${fraction}`)) * 2 ** (Number(power) - 4 * fraction.length);
  return sign === "-" ? -value : value;
}

const TRUE = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE = new Set(["0", "f", "F", "FALSE", "false", "False"]);

function boolOf(text: string): Outcome {
  return TRUE.has(text) || (FALSE.has(text) ? false : wrong(STRING, BOOL));
}

function textOf(bytes: Uint8Array): Outcome {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // TypeError is all that decoding throws.
    return new Failure("invalid UTF-8 in bytes, cannot convert to string");
  }
}

function timestampOf(text: string): Outcome {
  const timestamp = parseTimestamp(text);
  if (!timestamp) return wrong(STRING, TIMESTAMP);
  return isMoment(timestamp.seconds) ? timestamp : new Failure("timestamp overflow");
}

function truncated(value: number): Outcome {
  if (!(value > -(2 ** 63) && value < 2 ** 63)) return intOverflow;
  return smallInt(BigInt(Math.trunc(value)));
}

function truncatedUint(value: number): Outcome {
  return value >= 0 && value < 2 ** 64 ? new Uint(smallInt(BigInt(Math.trunc(value)))) : uintOverflow;
}

function size(value: CelValue): Outcome {
  if (typeof value === "string") return charactersIn(value);
  if (value instanceof ListValue || value instanceof MapValue) return value.size;
  if (value instanceof Uint8Array) return value.length;
  const knowsSome = value instanceof Timestamp || value instanceof Duration;
  return new Failure(knowsSome ? "no such overload" : "no such overload: size");
}

const sized = (id: string, memberId: string, type: CelType): Overload[] => [
  { id, params: [type], result: INT },
  { id: memberId, params: [type], result: INT, isMember: true },
];

export const conversions: readonly FunctionDeclaration[] = [
  {
    name: "size",
    overloads: [
      ...sized("size_bytes", "bytes_size", BYTES),
      ...sized("size_list", "list_size", listOf(A)),
      ...sized("size_map", "map_size", mapOf(A, B)),
      ...sized("size_string", "string_size", STRING),
    ],
    call: size,
  },
  {
    name: "type",
    overloads: [{ id: "type", params: [A], result: typeOfType(A) }],
    call: (value: CelValue) => new TypeValue(typeOf(value)),
  },
  { name: "dyn", overloads: [{ id: "to_dyn", params: [A], result: DYN }], call: same },
  {
    name: "bool",
    overloads: [from("bool_to_bool", BOOL, BOOL, same), from("string_to_bool", STRING, BOOL, boolOf)],
  },
  {
    name: "bytes",
    overloads: [
      from("bytes_to_bytes", BYTES, BYTES, same),
      from("string_to_bytes", STRING, BYTES, (text: string) => new TextEncoder().encode(text)),
    ],
  },
  {
    name: "double",
    overloads: [
      from("double_to_double", DOUBLE, DOUBLE, same),
      from("int64_to_double", INT, DOUBLE, (value: number | bigint) => new Double(Number(value))),
      from("string_to_double", STRING, DOUBLE, doubleOf),
      from("uint64_to_double", UINT, DOUBLE, ({ value }: Uint) => new Double(Number(value))),
    ],
  },
  {
    name: "duration",
    overloads: [
      from("duration_to_duration", DURATION, DURATION, same),
      from("int64_to_duration", INT, DURATION, () => wrong(INT, DURATION)),
      from("string_to_duration", STRING, DURATION, (text) => parseDuration(text) ?? wrong(STRING, DURATION)),
    ],
  },
  {
    name: "int",
    overloads: [
      from("int64_to_int64", INT, INT, same),
      from("double_to_int64", DOUBLE, INT, ({ value }: Double) => truncated(value)),
      from("duration_to_int64", DURATION, INT, ({ nanos }: Duration) => smallInt(nanos)),
      from("string_to_int64", STRING, INT, intOf),
      from("timestamp_to_int64", TIMESTAMP, INT, ({ seconds }: Timestamp) => seconds),
      from("uint64_to_int64", UINT, INT, ({ value }: Uint) => (value < 2n ** 63n ? value : intOverflow)),
    ],
  },
  {
    name: "string",
    overloads: [
      from("string_to_string", STRING, STRING, same),
      from("bool_to_string", BOOL, STRING, String),
      from("bytes_to_string", BYTES, STRING, textOf),
      from("double_to_string", DOUBLE, STRING, ({ value }: Double) => doubleText(value)),
      from("duration_to_string", DURATION, STRING, secondsText),
      from("int64_to_string", INT, STRING, String),
      from("timestamp_to_string", TIMESTAMP, STRING, timestampText),
      from("uint64_to_string", UINT, STRING, ({ value }: Uint) => String(value)),
    ],
  },
  {
    name: "timestamp",
    overloads: [
      from("timestamp_to_timestamp", TIMESTAMP, TIMESTAMP, same),
      from("int64_to_timestamp", INT, TIMESTAMP, (value: number | bigint) =>
        isMoment(Number(value)) ? new Timestamp(Number(value), 0) : new Failure("timestamp overflow"),
      ),
      from("string_to_timestamp", STRING, TIMESTAMP, timestampOf),
    ],
  },
  {
    name: "uint",
    overloads: [
      from("uint64_to_uint64", UINT, UINT, same),
      from("double_to_uint64", DOUBLE, UINT, ({ value }: Double) => truncatedUint(value)),
      from("int64_to_uint64", INT, UINT, (value: number | bigint) =>
        value < 0 ? uintOverflow : new Uint(value),
      ),
      from("string_to_uint64", STRING, UINT, uintOf),
    ],
  },
];
