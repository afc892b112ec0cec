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

const text =
  (number: number): Write =>
  (value: string) =>
    delimited(number, Buffer.from(value));
const flag =
  (number: number): Write =>
  (value: boolean) =>
    Buffer.from([...varint(number << 3), value ? 1 : 0]);
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

const SCHEMA: Message = {
  extensions: 31,
  fields: {
    $ref: text(1),
    format: text(2),
    description: text(4),
    default: any(5),
    required: each(text(19)),
    enum: each(any(20)),
    additionalProperties: inside(
      21,
      message(1, () => SCHEMA),
    ),
    type: inside(22, text(1)),
    items: inside(
      23,
      message(1, () => SCHEMA),
    ),
    properties: inside(
      25,
      map(
        1,
        message(2, () => SCHEMA),
      ),
    ),
  },
};

/** Of the four kinds of parameters outside the body; numbers differ by where they are. */
const QUERY: Message = {
  fields: { required: flag(1), in: text(2), description: text(3), name: text(4), type: text(6) },
};
const PATH: Message = {
  fields: { required: flag(1), in: text(2), description: text(3), name: text(4), type: text(5) },
};
const BODY: Message = {
  fields: {
    description: text(1),
    name: text(2),
    in: text(3),
    required: flag(4),
    schema: message(5, () => SCHEMA),
  },
};

/** ParametersItem holds Parameter, which holds a BodyParameter or, one level down again, one of the others. */
const parameters = (number: number): Write =>
  each((value: { readonly in: "body" | "query" | "path" }) => {
    const own = {
      body: message(1, () => BODY),
      query: inside(
        2,
        message(3, () => QUERY),
      ),
      path: inside(
        2,
        message(4, () => PATH),
      ),
    };
    return inside(number, inside(1, own[value.in]))(value);
  });

const RESPONSE: Message = {
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
  },
};

const PATH_ITEM: Message = {
  extensions: 10,
  fields: {
    get: message(2, () => OPERATION),
    put: message(3, () => OPERATION),
    post: message(4, () => OPERATION),
    delete: message(5, () => OPERATION),
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
