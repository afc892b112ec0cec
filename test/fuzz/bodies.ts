/**
 * Bodies that are nearly right: a sample of a kind with some of it changed, or one made up from the kind's schema, written in one of the three
 * media types, and then perhaps damaged as bytes.
 */

import { dump } from "js-yaml";
import { hasMessage } from "@knarr/schema/messages.ts";
import type { Schema } from "@knarr/schema/schema.ts";
import { damaged } from "./damage.ts";
import { bodies, numbers, texts, values } from "./hostile.ts";
import { protobufOf } from "./protobuf-bodies.ts";
import type { Random } from "./random.ts";

export const JSON_TYPE = "application/json";
export const YAML_TYPE = "application/yaml";
export const PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf";

export interface Bytes {
  readonly type: string;
  readonly bytes: Buffer;
}

type Json = any;

/** Where values may be changed: each holder with one of its keys. */
function placesIn(value: Json, found: [holder: Json, key: string | number][] = []): typeof found {
  if (typeof value !== "object" || value === null) return found;
  for (const key of Object.keys(value)) {
    found.push([value, Array.isArray(value) ? Number(key) : key]);
    if (found.length < 500) placesIn(value[key], found);
  }
  return found;
}

export function hostileValue(random: Random): unknown {
  const sort = random.below(4);
  if (sort === 0) return random.pick(texts);
  if (sort === 1) return random.pick(numbers);
  return structuredClone(random.pick(values));
}

/** A copy of `object` with up to `changes` things wrong, or merely odd, in it. */
export function mutated(random: Random, object: object, changes = 4): object {
  const copy: Json = structuredClone(object);
  for (let i = random.below(changes + 1); i > 0; i--) {
    const places = placesIn(copy);
    if (places.length === 0) return copy;
    const [holder, key] = random.pick(places);
    change(random, holder, key);
  }
  return copy;
}

function change(random: Random, holder: Json, key: string | number): void {
  switch (random.below(7)) {
    case 0:
      holder[key] = null;
      return;
    case 1:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
      return;
    case 2:
      holder[key] = [holder[key]];
      return;
    case 3:
      if (Array.isArray(holder)) holder.push(structuredClone(holder[Number(key)]));
      else set(holder, random.pick(texts), hostileValue(random));
      return;
    case 4:
      holder[key] = typeof holder[key] === "string" ? random.pick(texts) : random.pick(numbers);
      return;
    default:
      holder[key] = hostileValue(random);
  }
}

function set(holder: object, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, writable: true, configurable: true });
}

/** A value of `schema` with some of its fields, most of them as their types want them. */
export function madeUp(random: Random, schema: Schema, depth = 0): unknown {
  if (random.chance(0.03)) return hostileValue(random);
  switch (schema.type) {
    case "object":
      return madeUpObject(random, schema, depth);
    case "array":
      return depth > 8
        ? []
        : random.some(4, () => madeUp(random, schema.items ?? { type: "any" }, depth + 1));
    case "string":
      return madeUpText(random, schema.format);
    case "integer":
    case "number":
      return random.chance(0.5) ? random.below(100) : random.pick(numbers);
    case "boolean":
      return random.chance(0.5);
    case "any":
      return hostileValue(random);
  }
}

function madeUpObject(random: Random, schema: Schema, depth: number): object {
  const made = {};
  if (schema.properties) {
    const wanted = Math.min(0.6, 3 / schema.properties.size + 0.05);
    for (const [name, property] of schema.properties) {
      if (name === "metadata" || name === "apiVersion" || name === "kind") continue;
      if (depth < 9 && (schema.required?.has(name) || random.chance(wanted)))
        set(made, name, madeUp(random, property, depth + 1));
    }
  } else
    for (const key of random.some(3, () => random.pick(["a", "b", "app", ...texts])))
      set(made, key, schema.values ? madeUp(random, schema.values, depth + 1) : hostileValue(random));
  return made;
}

function madeUpText(random: Random, format: string | undefined): unknown {
  if (random.chance(0.1)) return random.pick(texts);
  switch (format) {
    case "byte":
      return Buffer.from(random.pick(texts)).toString("base64");
    case "date-time":
    case "micro-time":
      return random.pick([
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.000001Z",
        "0001-01-01T00:00:00Z",
        "x",
      ]);
    case "quantity":
      return random.pick(["1", "1.5Gi", "-1m", 3, "1e3", "100n", "12E", "x"]);
    case "int-or-string":
      return random.pick([1, "50%", "http", -1, "101%", ""]);
    default:
      return random.pick([
        "a",
        "b",
        "default",
        "sample",
        "v1",
        "Pod",
        "TCP",
        "Always",
        "example.org/x",
        "10.0.0.1",
      ]);
  }
}

/** Everything that can be sent for `object`; `schema` is the name of its definition. */
export function bodyOf(random: Random, object: object, schema: string | undefined): Bytes {
  if (random.chance(0.04)) {
    const bytes = Buffer.from(random.pick(bodies) as string);
    return { type: random.pick([JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE]), bytes };
  }
  const body = written(random, object, schema);
  return random.chance(0.12) ? { ...body, bytes: damaged(random, body.bytes) } : body;
}

function written(random: Random, object: object, schema: string | undefined): Bytes {
  if (schema && hasMessage(schema) && random.chance(0.15))
    return { type: PROTOBUF_TYPE, bytes: protobufOf(random, object, schema) };
  const text = JSON.stringify(object);
  if (random.chance(0.15)) return { type: YAML_TYPE, bytes: Buffer.from(dump(JSON.parse(text))) };
  // A key that stands twice.
  const twice = random.chance(0.05) ? text.replace(/"([a-zA-Z]+)":/, '"$1":null,"$1":') : text;
  return { type: JSON_TYPE, bytes: Buffer.from(twice) };
}
