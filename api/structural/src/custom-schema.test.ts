/** What a schema does to objects: what decoding drops, defaults fill in and validation says, in upstream's words. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FieldErrors } from "@knarr/machinery/field.ts";
import type { JsonObject } from "@knarr/machinery/object.ts";
import type { CustomSchema, CustomSchemaOptions } from "./custom-schema.ts";
import { customSchemaOf } from "./custom-schema-of.ts";
import type { JsonSchemaProps } from "./json-schema-props.ts";

function schemaOf(spec: JsonSchemaProps, options: Partial<CustomSchemaOptions> = {}): CustomSchema {
  const props = {
    type: "object",
    properties: { spec, status: { type: "object", properties: { n: { type: "integer" } } } },
  };
  const kind = {
    group: "example.com",
    version: "v1",
    kind: "Boat",
    plural: "boats",
    scope: "Namespaced",
  } as const;
  return customSchemaOf(props, { ...kind, ...options });
}

function boat(spec: unknown, more: JsonObject = {}): JsonObject {
  return { apiVersion: "example.com/v1", kind: "Boat", metadata: { name: "b" }, spec, ...more };
}

function found(check: (errors: FieldErrors) => void): string[] {
  const errors = new FieldErrors();
  check(errors);
  return errors.list.map(({ field, message }) => `${field}: ${message}`);
}

const validation = (schema: CustomSchema, object: JsonObject) =>
  found((errors) => schema.validate(object, errors));

test("coerce drops what is unknown and says so, and keeps what the schema leaves open", () => {
  const schema = schemaOf({
    type: "object",
    properties: {
      list: { type: "array", items: { type: "object", properties: { a: { type: "string" } } } },
      map: {
        type: "object",
        additionalProperties: { type: "object", properties: { a: { type: "string" } } },
      },
      open: {
        type: "object",
        "x-kubernetes-preserve-unknown-fields": true,
        properties: { closed: { type: "object", properties: {} } },
      },
      any: { type: "object", additionalProperties: true },
    },
  });
  const object = boat(
    {
      list: [{ a: "1", b: 2 }],
      map: { k: { b: 1 } },
      open: { x: 1, closed: { y: 1 } },
      any: { k: { y: 1 } },
      z: 1,
    },
    { extra: 1, metadata: { name: "b", bogus: 1 } },
  );
  assert.deepEqual(schema.coerce(object), [
    'unknown field "metadata.bogus"',
    'unknown field "extra"',
    'unknown field "spec.any.k.y"',
    'unknown field "spec.list[0].b"',
    'unknown field "spec.map.k.b"',
    'unknown field "spec.open.closed.y"',
    'unknown field "spec.z"',
  ]);
  assert.deepEqual(
    object,
    boat({ list: [{ a: "1" }], map: { k: {} }, open: { x: 1, closed: {} }, any: { k: {} } }),
  );
});

test("coerce types metadata, of embedded resources too, and refuses what it cannot read", () => {
  const schema = schemaOf({
    type: "object",
    properties: {
      pod: {
        type: "object",
        "x-kubernetes-embedded-resource": true,
        "x-kubernetes-preserve-unknown-fields": true,
      },
    },
  });
  const object = boat({
    pod: { apiVersion: "v1", kind: "Pod", metadata: { name: "p", x: 1 }, any: { thing: 1 } },
  });
  assert.deepEqual(schema.coerce(object), ['unknown field "spec.pod.metadata.x"']);
  assert.deepEqual(object.spec, {
    pod: { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, any: { thing: 1 } },
  });
  assert.throws(() => schema.coerce(boat({}, { metadata: { labels: "x" } })), {
    message: "json: cannot unmarshal string into Go struct field ObjectMeta.labels of type map[string]string",
  });
  assert.throws(() => schema.coerce(boat({ pod: { kind: 1 } })), {
    message: "spec.pod.kind: Invalid value: 1: must be a string",
  });
  const old = boat(
    { pod: { kind: 1, metadata: { labels: 1, name: "p" } } },
    { metadata: { name: "b", labels: 1 } },
  );
  schema.revive(old);
  assert.deepEqual(
    old,
    boat({ pod: { metadata: { name: "p" } } }, { metadata: { name: "b", generation: 1 } }),
  );
});

test("applyDefaults fills in what is absent, or null where null is not allowed", () => {
  const schema = schemaOf({
    type: "object",
    default: {},
    properties: {
      a: { type: "string", default: "x" },
      none: { type: "string", nullable: true, default: "x" },
      deep: { type: "object", default: {}, properties: { b: { type: "integer", default: 7 } } },
      items: {
        type: "array",
        items: { type: "object", properties: { c: { type: "boolean", default: false } } },
      },
      values: {
        type: "object",
        additionalProperties: { type: "object", properties: { d: { type: "integer", default: 0 } } },
      },
      gone: { type: "string" },
    },
  });
  const settle = (object: JsonObject) => {
    schema.coerce(object);
    schema.applyDefaults(object);
    return object.spec;
  };
  const object: JsonObject = boat({ a: null, none: null, items: [{}], values: { k: {} }, gone: null });
  assert.deepEqual(settle(object), {
    a: "x",
    none: null,
    deep: { b: 7 },
    items: [{ c: false }],
    values: { k: { d: 0 } },
  });
  const bare: JsonObject = boat(undefined);
  delete bare.spec;
  assert.deepEqual(settle(bare), { a: "x", none: "x", deep: { b: 7 } });
});

const rules: readonly (readonly [
  name: string,
  schema: JsonSchemaProps,
  value: unknown,
  found: readonly string[],
])[] = [
  [
    "type",
    { type: "integer" },
    "a",
    ['spec: Invalid value: "string": spec in body must be of type integer: "string"'],
  ],
  [
    "null",
    { type: "string" },
    null,
    ['spec: Invalid value: "null": spec in body must be of type string: "null"'],
  ],
  ["nullable", { type: "string", nullable: true }, null, []],
  [
    "int-or-string",
    { "x-kubernetes-int-or-string": true },
    1.5,
    ['spec: Invalid value: "number": spec in body must be of type integer,string: "number"'],
  ],
  [
    "int32",
    { type: "integer", format: "int32" },
    2 ** 31,
    ['<nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec'],
  ],
  [
    "maximum",
    { type: "number", maximum: 2.5 },
    2.6,
    ["spec: Invalid value: 2.6: spec in body should be less than or equal to 2.5"],
  ],
  [
    "exclusive minimum",
    { type: "integer", minimum: 1, exclusiveMinimum: true },
    1,
    ["spec: Invalid value: 1: spec in body should be greater than 1"],
  ],
  ["multipleOf", { type: "number", multipleOf: 0.01 }, 0.07, []],
  [
    "pattern",
    { type: "string", pattern: "^a+$" },
    "b",
    [`spec: Invalid value: "b": spec in body should match '^a+$'`],
  ],
  [
    "only the first of text",
    { type: "string", maxLength: 1, pattern: "^a+$" },
    "bb",
    ["spec: Too long: may not be more than 1 byte"],
  ],
  ["characters, not units", { type: "string", maxLength: 1 }, "😀", []],
  [
    "format",
    { type: "string", format: "ipv4" },
    "1.2.3",
    ['spec: Invalid value: "1.2.3": spec in body must be of type ipv4: "1.2.3"'],
  ],
  ["unknown format", { type: "string", format: "odd" }, "x", []],
  [
    "enum",
    { type: "string", enum: ["a", "b"] },
    "c",
    ['spec: Unsupported value: "c": supported values: "a", "b"'],
  ],
  [
    "maxItems",
    { type: "array", maxItems: 1, items: { type: "string" } },
    ["a", 1],
    [
      'spec[1]: Invalid value: "integer": spec[1] in body must be of type string: "integer"',
      "spec: Too many: 2: must have at most 1 item",
    ],
  ],
  [
    "minProperties",
    { type: "object", minProperties: 1 },
    {},
    ["spec: Invalid value: 0: spec in body should have at least 1 properties"],
  ],
  ["required", { type: "object", required: ["a"] }, {}, ["spec.a: Required value"]],
  [
    "anyOf: the closest",
    {
      type: "object",
      properties: { a: { type: "string" }, b: { type: "string" } },
      anyOf: [{ required: ["c"] }, { properties: { a: { enum: ["x"] } }, required: ["a"] }],
    },
    { a: "y" },
    [
      '<nil>: Invalid value: "": "spec" must validate at least one schema (anyOf)',
      'spec.a: Unsupported value: "y": supported values: "x"',
    ],
  ],
  [
    "oneOf: several",
    { type: "object", oneOf: [{ minProperties: 0 }, { minProperties: 0 }] },
    {},
    [
      '<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ],
  ],
  [
    "allOf",
    { type: "integer", allOf: [{ minimum: 3 }, { maximum: 5 }] },
    2,
    [
      "spec: Invalid value: 2: spec in body should be greater than or equal to 3",
      '<nil>: Invalid value: "": "spec" must validate all the schemas (allOf)',
    ],
  ],
  [
    "not",
    { type: "string", not: { pattern: "^x" } },
    "xy",
    ['<nil>: Invalid value: "": "spec" must not validate the schema (not)'],
  ],
  [
    "set",
    { type: "array", "x-kubernetes-list-type": "set", items: { type: "string" } },
    ["a", "b", "a", "a"],
    ['spec[2]: Duplicate value: "a"'],
  ],
  [
    "map",
    {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["z", "a"],
      items: { type: "object", properties: { a: { type: "string" }, z: { type: "string" } } },
    },
    [
      { z: "1", a: "2" },
      { a: "2", z: "1" },
    ],
    ['spec[1]: Duplicate value: {"a":"2","z":"1"}'],
  ],
  [
    "embedded resource",
    { type: "object", "x-kubernetes-embedded-resource": true },
    { kind: "_", metadata: { labels: { "/": "" } } },
    [
      "spec.apiVersion: Required value",
      `spec.kind: Invalid value: "_": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')`,
      'spec.metadata.labels: Invalid value: "/": prefix part must be non-empty',
      `spec.metadata.labels: Invalid value: "/": name part must be non-empty`,
      `spec.metadata.labels: Invalid value: "/": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
    ],
  ],
];

for (const [name, props, value, expected] of rules)
  test(`validate: ${name}`, () => assert.deepEqual(validation(schemaOf(props), boat(value)), expected));

test("validate looks for scale's numbers where the definition says they are", () => {
  const scale = {
    specReplicasPath: ".spec.n",
    statusReplicasPath: ".status.n",
    labelSelectorPath: ".status.s",
  };
  const schema = schemaOf({ type: "object", "x-kubernetes-preserve-unknown-fields": true }, { scale });
  assert.deepEqual(validation(schema, boat({ n: -1 }, { status: { n: 2 ** 31 } })), [
    ".spec.n: Invalid value: -1: should be a non-negative integer",
    ".status.n: Invalid value: 2147483648: should be less than or equal to 2147483647",
  ]);
  assert.deepEqual(
    validation(schema, boat({ n: "1" }))[0],
    ".spec.n: Invalid value: 0: .spec.n accessor error: 1 is of the type string, expected int64",
  );
});

test("validateUpdate forgives what did not change, item by item where lists are maps", () => {
  const schema = schemaOf({
    type: "object",
    properties: {
      a: { type: "integer", maximum: 3 },
      b: { type: "integer" },
      list: {
        type: "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["k"],
        items: { type: "object", properties: { k: { type: "string" }, v: { type: "integer", maximum: 3 } } },
      },
      plain: { type: "array", items: { type: "integer", maximum: 3 } },
    },
  });
  const before = boat({ a: 4, list: [{ k: "x", v: 4 }], plain: [4] });
  const update = (spec: unknown) => found((errors) => schema.validateUpdate(boat(spec), before, errors));
  assert.deepEqual(
    update({
      a: 4,
      b: 1,
      list: [
        { k: "y", v: 1 },
        { k: "x", v: 4 },
      ],
      plain: [4],
    }),
    [],
  );
  assert.deepEqual(update({ a: 5, list: [{ k: "y", v: 4 }], plain: [4, 1] }), [
    "spec.a: Invalid value: 5: spec.a in body should be less than or equal to 3",
    "spec.list[0].v: Invalid value: 4: spec.list[0].v in body should be less than or equal to 3",
    "spec.plain[0]: Invalid value: 4: spec.plain[0] in body should be less than or equal to 3",
  ]);
});

test("validateStatus looks at status alone", () => {
  const schema = schemaOf({ type: "integer" });
  const object = boat("no integer", { status: { n: "x" } });
  assert.deepEqual(
    found((errors) => schema.validateStatus(object, boat("no integer"), errors)),
    ['status.n: Invalid value: "string": n in body must be of type integer: "string"'],
  );
});
