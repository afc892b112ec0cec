/**
 * Kubernetes' protobuf bodies: the four bytes `k8s\0`, then a runtime.Unknown whose `raw` is the message of the kind it
 * names. Decoded by the field-number tables of the schema into the JSON that the same object would have been sent as;
 * `convert` does the rest.
 *
 * Only what is set is on the wire, but Go writes the zeros of its value types too: convert drops or keeps them as it
 * does with JSON.
 */

import { type Message, message, type MessageField } from "@knarr/schema/messages.ts";
import { MAX_DEPTH } from "./json.ts";
import { Reader } from "./protobuf-reader.ts";

const MAGIC = [0x6b, 0x38, 0x73, 0x00];

export interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: Uint8Array;
}

/** Throws SyntaxError when `bytes` are not a Kubernetes envelope. */
export function openEnvelope(bytes: Uint8Array): Envelope {
  if (bytes.length === 0) throw new SyntaxError("empty data");
  if (!MAGIC.every((byte, i) => bytes[i] === byte))
    throw new SyntaxError(
      "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]",
    );
  let apiVersion = "";
  let kind = "";
  let raw = new Uint8Array();
  const reader = new Reader(bytes.subarray(MAGIC.length));
  for (let field = reader.next(); field; field = reader.next()) {
    if (field === 1) {
      const type = new Reader(reader.bytes());
      for (let part = type.next(); part; part = type.next()) {
        if (part === 1) apiVersion = type.string();
        else if (part === 2) kind = type.string();
        else type.skip();
      }
    } else if (field === 2) raw = reader.bytes() as Uint8Array<ArrayBuffer>;
    else reader.skip();
  }
  return { apiVersion, kind, raw };
}

/** The object in `bytes` as JSON. Throws SyntaxError for what is no such message. */
export function decodeMessage(bytes: Uint8Array, definition: string): { [key: string]: unknown } {
  return readMessage(bytes, message(definition), 0);
}

type Json = { [key: string]: unknown };

function readMessage(bytes: Uint8Array, { fields }: Message, depth: number): Json {
  if (depth > MAX_DEPTH) throw new SyntaxError("proto: message nested too deep");
  const object: Json = {};
  const reader = new Reader(bytes);
  for (let number = reader.next(); number; number = reader.next()) {
    const field = fields.get(number);
    if (!field) reader.skip();
    else if (field.map) readEntry(object, field, reader.bytes(), depth);
    else if (field.inline) Object.assign(object, readMessage(reader.bytes(), message(field.of!), depth + 1));
    else if (field.repeated) readItem(object, field, reader, depth);
    else object[field.name] = readValue(field, reader, depth);
  }
  return object;
}

/** Repeated numbers may come packed, several in one field. */
function readItem(object: Json, field: MessageField, reader: Reader, depth: number): void {
  const list = (object[field.name] ??= []) as unknown[];
  const isNumber = field.type === "int32" || field.type === "int64" || field.type === "bool";
  if (!isNumber || reader.wire !== 2) {
    list.push(readValue(field, reader, depth));
    return;
  }
  const packed = new Reader(reader.bytes());
  while (!packed.isDone) list.push(readValue(field, packed, depth));
}

function readEntry(object: Json, field: MessageField, bytes: Uint8Array, depth: number): void {
  const map = (object[field.name] ??= {}) as Json;
  const reader = new Reader(bytes);
  let key = "";
  let value: unknown = emptyValue(field);
  for (let number = reader.next(); number; number = reader.next()) {
    if (number === 1) key = reader.string();
    else if (number === 2) value = readValue(field, reader, depth);
    else reader.skip();
  }
  Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true });
}

function emptyValue(field: MessageField): unknown {
  if (field.type === "message") return {};
  if (field.type === "strings") return [];
  return field.type === "string" || field.type === "bytes" ? "" : 0;
}

function readValue(field: MessageField, reader: Reader, depth: number): unknown {
  switch (field.type) {
    case "string":
      return reader.string();
    case "bytes":
      return Buffer.from(reader.bytes()).toString("base64");
    case "bool":
      return reader.uint() !== 0;
    case "int32":
      return reader.int32();
    case "int64":
      return reader.int64();
    case "double":
      return reader.double();
    case "message":
      return readMessage(reader.bytes(), message(field.of!), depth + 1);
    case "strings":
      return readStrings(reader.bytes());
    case "form":
      return readForm(reader.bytes(), field.of!, depth);
  }
}

/** Go's named list types are messages with one field. */
function readStrings(bytes: Uint8Array): string[] {
  const list: string[] = [];
  const reader = new Reader(bytes);
  for (let number = reader.next(); number; number = reader.next()) {
    if (number === 1) list.push(reader.string());
    else reader.skip();
  }
  return list;
}

/** Messages whose JSON has a form of its own. */
function readForm(bytes: Uint8Array, form: string, depth: number): unknown {
  switch (form) {
    case "date-time":
    case "micro-time":
      return readTime(bytes, form);
    case "quantity":
      return readOnly(bytes, (reader) => reader.string()) || "0";
    case "int-or-string":
      return readIntOrString(bytes);
    case "duration":
      return `${readOnly(bytes, (reader) => reader.int64()) ?? 0}ns`;
    case "json-schema-or-array":
    case "json-schema-or-bool":
    case "json-schema-or-string-array":
      return readSchemaOr(bytes, form, depth);
    default: // fields-v1, raw-extension, json: JSON text in field 1
      return readJson(bytes);
  }
}

function readJson(bytes: Uint8Array): unknown {
  const raw = readOnly(bytes, (reader) => reader.bytes()) ?? "";
  return raw.length === 0 ? null : JSON.parse(Buffer.from(raw).toString("utf8"));
}

/** The first field of a message with one. */
function readOnly<T>(bytes: Uint8Array, read: (reader: Reader) => T): T | undefined {
  const reader = new Reader(bytes);
  let found: T | undefined;
  for (let number = reader.next(); number; number = reader.next())
    if (number === 1) found = read(reader);
    else reader.skip();
  return found;
}

/** Seconds and nanoseconds; no seconds at all is Go's zero time, which is null in JSON. */
function readTime(bytes: Uint8Array, form: string): string | null {
  let seconds: number | undefined;
  let nanos = 0;
  const reader = new Reader(bytes);
  for (let number = reader.next(); number; number = reader.next()) {
    if (number === 1) seconds = reader.int64();
    else if (number === 2) nanos = reader.int32();
    else reader.skip();
  }
  if (seconds === undefined && nanos === 0) return null;
  const date = new Date((seconds ?? 0) * 1000);
  if (Number.isNaN(date.getTime())) throw new SyntaxError("proto: time out of range");
  const text = date.toISOString().slice(0, 19);
  return form === "micro-time" ? `${text}.${String(Math.floor(nanos / 1000)).padStart(6, "0")}Z` : `${text}Z`;
}

function readIntOrString(bytes: Uint8Array): number | string {
  let isText = false;
  let number = 0;
  let text = "";
  const reader = new Reader(bytes);
  for (let field = reader.next(); field; field = reader.next()) {
    if (field === 1) isText = reader.uint() !== 0;
    else if (field === 2) number = reader.int32();
    else if (field === 3) text = reader.string();
    else reader.skip();
  }
  return isText ? text : number;
}

const SCHEMA_PROPS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";

/** A JSON schema in one field, its alternatives (schemas, texts or a boolean) in the other. */
function readSchemaOr(bytes: Uint8Array, form: string, depth: number): unknown {
  const schemaField = form === "json-schema-or-bool" ? 2 : 1;
  let schema: Json | undefined;
  let allows = false;
  const list: unknown[] = [];
  const reader = new Reader(bytes);
  for (let number = reader.next(); number; number = reader.next()) {
    if (number === schemaField) schema = readMessage(reader.bytes(), message(SCHEMA_PROPS), depth + 1);
    else if (form === "json-schema-or-bool") allows = reader.uint() !== 0;
    else if (form === "json-schema-or-array")
      list.push(readMessage(reader.bytes(), message(SCHEMA_PROPS), depth + 1));
    else list.push(reader.string());
  }
  return schema ?? (form === "json-schema-or-bool" ? allows : list);
}
