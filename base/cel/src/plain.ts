/**
 * Values as plain JSON, the way of json.ts back. What came out of JSON is given back as it is, not copied.
 *
 * JSON has no words for some: integers that doubles cannot hold become texts, bytes base64, moments and spans what
 * `string()` gives; quantities, types and the like have none at all, and neither have maps whose keys are no texts.
 */

import { JsonList } from "./lists.ts";
import { JsonMap } from "./maps.ts";
import { OptionalValue } from "./optional.ts";
import { secondsText, timestampText } from "./time.ts";
import { typeOf } from "./type-of.ts";
import {
  Double,
  Duration,
  Failure,
  ListValue,
  MapValue,
  StructValue,
  Timestamp,
  Uint,
  type CelValue,
  type Outcome,
} from "./values.ts";

/** A Failure for what has no form in JSON. */
export function plainJson(value: Outcome): unknown {
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null || value instanceof Failure) return value;
  if (value instanceof JsonList || value instanceof JsonMap) return value.raw;
  if (value instanceof ListValue) return plainList(value);
  if (value instanceof MapValue) return plainMap(value);
  return plainScalar(value) ?? noJson(value);
}

const noJson = (value: CelValue): Failure =>
  new Failure(`type conversion error from '${typeOf(value).name}' to 'google.protobuf.Value'`);

function plainScalar(value: CelValue): unknown {
  if (value instanceof Double) return Number.isFinite(value.value) ? value.value : undefined;
  if (value instanceof Uint) return typeof value.value === "bigint" ? String(value.value) : value.value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (value instanceof Duration) return secondsText(value);
  if (value instanceof Timestamp) return timestampText(new Timestamp(value.seconds, value.nanos));
  if (value instanceof StructValue) return value.plain?.();
  return value instanceof OptionalValue ? plainJson(value.value) : undefined;
}

function plainList(list: ListValue): unknown {
  const result: unknown[] = [];
  for (const element of list) {
    const plain = plainJson(element);
    if (plain instanceof Failure) return plain;
    result.push(plain);
  }
  return result;
}

function plainMap(map: MapValue): unknown {
  const entries: [string, unknown][] = [];
  for (const key of map.keys()) {
    const plain = plainJson(map.find(key)!);
    if (plain instanceof Failure) return plain;
    if (typeof key !== "string") return noText(key);
    entries.push([key, plain]);
  }
  return Object.fromEntries(entries);
}

const noText = (key: CelValue): Failure =>
  new Failure(`unsupported type conversion from '${typeOf(key).name}' to string`);
