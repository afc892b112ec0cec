/**
 * A version 2 document in protobuf, as gnostic's OpenAPIv2.proto numbers it: kubectl asks for nothing else (for Lists, for explain's
 * older output, and everywhere in old releases).
 *
 * Each message is a table from the JSON name to what writes that field; what begins with `x-` goes to the message's extensions. A
 * name that no table knows is an error, not an omission.
 */

import type { Document } from "./components.ts";

/** As upstream answers; what it is asked for has "@" for the second last dot, which no media type may have. */
export const OPENAPI_V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/** Writes one field of a message, tag and all. */
type Write = (value: any) => Buffer;

interface Message {
  readonly fields: Readonly<Record<string, Write>>;
  /** Number of `vendor_extension`. */
  readonly extensions?: number;
}

export function documentInProtobuf(document: Document): Buffer {
  return contentOf(DOCUMENT, document);
}

function contentOf({ fields, extensions }: Message, value: Document): Buffer {
  return Buffer.concat(
    Object.entries(value).map(([name, content]) => {
      if (extensions !== undefined && name.startsWith("x-"))
        return named(extensions, any(2))([name, content]);
      const write = fields[name];
      if (!write)
        throw new RangeError(
          `Cannot write OpenAPI field "${name}": must be one of ${Object.keys(fields).join(", ")}`,
        );
      return write(content);
    }),
  );
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
  return [...bytes, value];
}

function delimited(number: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([...varint((number << 3) | 2), ...varint(content.length)]), content]);
}

function text(number: number): Write {
  return (value: string) => delimited(number, Buffer.from(value));
}
function flag(number: number): Write {
  return (value: boolean) => Buffer.from([...varint(number << 3), value ? 1 : 0]);
}
/** An int64 that is not negative: what it counts never is. */
function count(number: number): Write {
  return (value: number) => Buffer.from([...varint(number << 3), ...varint(value)]);
}
function double(number: number): Write {
  return (value: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    return Buffer.concat([Buffer.from(varint((number << 3) | 1)), bytes]);
  };
}
function oneOrMore(write: Write): Write {
  return (value: unknown) => Buffer.concat([value].flat().map(write));
}
const message =
  (number: number, shape: () => Message): Write =>
  (value: Document) =>
    delimited(number, contentOf(shape(), value));
const inside =
  (number: number, write: Write): Write =>
  (value: unknown) =>
    delimited(number, write(value));
const each =
  (write: Write): Write =>
  (values: unknown[]) =>
    Buffer.concat(values.map(write));
/** gnostic's Any: JSON is YAML. */
const any =
  (number: number): Write =>
  (value: unknown) =>
    delimited(number, text(2)(JSON.stringify(value)));
/** A pair of name and value; `write` writes the value, as field 2. */
const named =
  (number: number, write: Write): Write =>
  ([name, value]: [string, unknown]) =>
    delimited(number, Buffer.concat([text(1)(name), write(value)]));
const map =
  (number: number, write: Write): Write =>
  (values: Document) =>
    Buffer.concat(Object.entries(values).map(named(number, write)));

/** What schemas, parameters and items say of values alike, in the order in which each numbers it from a number of its own. */
const LIMITS: readonly (readonly [name: string, write: (number: number) => Write])[] = [
  ["maximum", double],
  ["exclusiveMaximum", flag],
  ["minimum", double],
  ["exclusiveMinimum", flag],
  ["maxLength", count],
  ["minLength", count],
  ["pattern", text],
  ["maxItems", count],
  ["minItems", count],
  ["uniqueItems", flag],
];

function limits(first: number): Message["fields"] {
  return Object.fromEntries(LIMITS.map(([name, write], i) => [name, write(first + i)]));
}

/** Type, format, items and all that follows them: numbered in a row from `first`. */
function primitive(first: number): Message["fields"] {
  return {
    type: text(first),
    format: text(first + 1),
    items: message(first + 2, () => ITEMS),
    collectionFormat: text(first + 3),
    default: any(first + 4),
    ...limits(first + 5),
    enum: each(any(first + 15)),
    multipleOf: double(first + 16),
  };
}

const ITEMS: Message = { extensions: 18, fields: primitive(1) };
const DOCS: Message = { extensions: 3, fields: { description: text(1), url: text(2) } };
const XML: Message = {
  extensions: 6,
  fields: { name: text(1), namespace: text(2), prefix: text(3), attribute: flag(4), wrapped: flag(5) },
};

const SCHEMA: Message = {
  extensions: 31,
  fields: {
    $ref: text(1),
    format: text(2),
    title: text(3),
    description: text(4),
    default: any(5),
    multipleOf: double(6),
    ...limits(7),
    maxProperties: count(17),
    minProperties: count(18),
    required: each(text(19)),
    enum: each(any(20)),
    additionalProperties: inside(21, (value) =>
      typeof value === "boolean" ? flag(2)(value) : message(1, () => SCHEMA)(value),
    ),
    type: inside(22, oneOrMore(text(1))),
    items: inside(23, oneOrMore(message(1, () => SCHEMA))),
    allOf: each(message(24, () => SCHEMA)),
    properties: inside(
      25,
      map(
        1,
        message(2, () => SCHEMA),
      ),
    ),
    discriminator: text(26),
    readOnly: flag(27),
    xml: message(28, () => XML),
    externalDocs: message(29, () => DOCS),
    example: any(30),
  },
};

/** Parameters in the path and in headers; those in the query and in forms may be empty, and number differently for it. */
const HEADER: Message = {
  extensions: 22,
  fields: { required: flag(1), in: text(2), description: text(3), name: text(4), ...primitive(5) },
};
const QUERY: Message = {
  extensions: 23,
  fields: {
    required: flag(1),
    in: text(2),
    description: text(3),
    name: text(4),
    allowEmptyValue: flag(5),
    ...primitive(6),
  },
};
const BODY: Message = {
  extensions: 6,
  fields: {
    description: text(1),
    name: text(2),
    in: text(3),
    required: flag(4),
    schema: message(5, () => SCHEMA),
  },
};

/** Parameter: a BodyParameter or, one level down, one of the others. */
const ofKind: Readonly<Record<string, Write>> = {
  body: message(1, () => BODY),
  header: inside(
    2,
    message(1, () => HEADER),
  ),
  formData: inside(
    2,
    message(2, () => QUERY),
  ),
  query: inside(
    2,
    message(3, () => QUERY),
  ),
  path: inside(
    2,
    message(4, () => HEADER),
  ),
};

/** ParametersItem holds a Parameter. */
const parameters = (number: number): Write =>
  each((value: { readonly in: string }) => {
    const write = ofKind[value.in];
    if (!write) throw new RangeError(`Cannot write an OpenAPI parameter in "${value.in}"`);
    return inside(number, inside(1, write))(value);
  });

const RESPONSE: Message = {
  extensions: 5,
  fields: {
    description: text(1),
    schema: inside(
      2,
      message(1, () => SCHEMA),
    ),
  },
};

const OPERATION: Message = {
  extensions: 13,
  fields: {
    tags: each(text(1)),
    summary: text(2),
    description: text(3),
    externalDocs: message(4, () => DOCS),
    operationId: text(5),
    produces: each(text(6)),
    consumes: each(text(7)),
    parameters: parameters(8),
    responses: inside(
      9,
      map(
        1,
        inside(
          2,
          message(1, () => RESPONSE),
        ),
      ),
    ),
    schemes: each(text(10)),
    deprecated: flag(11),
  },
};

const PATH_ITEM: Message = {
  extensions: 10,
  fields: {
    get: message(2, () => OPERATION),
    put: message(3, () => OPERATION),
    post: message(4, () => OPERATION),
    delete: message(5, () => OPERATION),
    options: message(6, () => OPERATION),
    head: message(7, () => OPERATION),
    patch: message(8, () => OPERATION),
    parameters: parameters(9),
  },
};

const DOCUMENT: Message = {
  extensions: 16,
  fields: {
    swagger: text(1),
    info: message(2, () => ({ fields: { title: text(1), version: text(2) } })),
    paths: inside(
      8,
      map(
        2,
        message(2, () => PATH_ITEM),
      ),
    ),
    definitions: inside(
      9,
      map(
        1,
        message(2, () => SCHEMA),
      ),
    ),
  },
};
