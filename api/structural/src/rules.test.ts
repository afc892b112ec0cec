/** Rules of a whole schema: which run, against which old value, where their findings go, and when they stop. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FieldErrors } from "@knarr/machinery/field.ts";
import type { JsonObject } from "@knarr/machinery/object.ts";
import type { CustomSchema } from "./custom-schema.ts";
import { customSchemaOf } from "./custom-schema-of.ts";
import type { JsonSchemaProps } from "./json-schema-props.ts";

function schemaOf(
  spec: JsonSchemaProps,
  rules: JsonSchemaProps["x-kubernetes-validations"] = [],
): CustomSchema {
  const props = { type: "object", properties: { spec }, "x-kubernetes-validations": rules };
  return customSchemaOf(props, {
    group: "example.com",
    version: "v1",
    kind: "Boat",
    plural: "boats",
    scope: "Namespaced",
  });
}

function boat(spec: unknown, name = "b"): JsonObject {
  return { apiVersion: "example.com/v1", kind: "Boat", metadata: { name }, spec };
}

function created(schema: CustomSchema, object: JsonObject): string[] {
  const errors = new FieldErrors();
  schema.validate(object, errors);
  return errors.list.map(({ field, message }) => `${field}: ${message}`);
}

function updated(schema: CustomSchema, object: JsonObject, previous: JsonObject): string[] {
  const errors = new FieldErrors();
  schema.validateUpdate(object, previous, errors);
  return errors.list.map(({ field, message }) => `${field}: ${message}`);
}

const size = (rule: string, more: object = {}): JsonSchemaProps => ({
  type: "object",
  properties: { size: { type: "integer", "x-kubernetes-validations": [{ rule, ...more }] } },
});

test("a rule on the object is about no field, unless it names one; the object has metadata whatever the schema says", () => {
  const schema = schemaOf({ type: "object", properties: { crew: { type: "integer" } } }, [
    { rule: "self.metadata.name != 'ghost'", message: "nobody calls a boat so" },
    { rule: "self.spec.crew > 0", fieldPath: ".spec.crew", reason: "FieldValueRequired" },
  ]);
  assert.deepEqual(created(schema, boat({ crew: 0 }, "ghost")), [
    "<nil>: Invalid value: nobody calls a boat so",
    "spec.crew: Required value: failed rule: self.spec.crew > 0",
  ]);
  assert.deepEqual(created(schema, boat({ crew: 1 })), []);
});

test("what fails on an unchanged value only warns, unless the rule looks at the old value itself", () => {
  const schema = schemaOf(size("self < 10", { message: "too large" }));
  const same = boat({ size: 12 });
  assert.deepEqual(updated(schema, same, boat({ size: 12 })), []);
  assert.deepEqual(schema.warningsOf(same), ["spec.size: Invalid value: 12: too large"]);
  assert.deepEqual(updated(schema, boat({ size: 13 }), boat({ size: 12 })), [
    "spec.size: Invalid value: 13: too large",
  ]);
  const growing = schemaOf(size("self > oldSelf", { message: "must grow" }));
  assert.deepEqual(updated(growing, boat({ size: 12 }), boat({ size: 12 })), [
    "spec.size: Invalid value: 12: must grow",
  ]);
  assert.deepEqual(created(growing, boat({ size: 12 })), []);
});

test("items of a list with keys find their old selves wherever they were", () => {
  const item: JsonSchemaProps = {
    type: "object",
    required: ["name"],
    properties: { name: { type: "string" }, n: { type: "integer" } },
    "x-kubernetes-validations": [{ rule: "self.n >= oldSelf.n", message: "never less" }],
  };
  const list: JsonSchemaProps = {
    type: "array",
    items: item,
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
  };
  const schema = schemaOf({ type: "object", properties: { list } });
  const of = (...items: [name: string, n: number][]) =>
    boat({ list: items.map(([name, n]) => ({ name, n })) });
  assert.deepEqual(updated(schema, of(["new", 0], ["a", 0], ["b", 5]), of(["b", 4], ["a", 1])), [
    "spec.list[1]: Invalid value: never less",
  ]);
});

test("an old value that may be missing has no schema", () => {
  const properties = { "a-b": { type: "string" }, at: { type: "string", format: "date" } };
  const rule = (text: string) =>
    schemaOf({
      type: "object",
      properties: {
        part: {
          type: "object",
          properties,
          "x-kubernetes-validations": [{ rule: text, optionalOldSelf: true, message: "no" }],
        },
      },
    });
  const part = { "a-b": "x", at: "2026-01-02" };
  const object = () => boat({ part: { ...part } });
  assert.deepEqual(created(rule("oldSelf.hasValue()"), object()), ["spec.part: Invalid value: no"]);
  assert.deepEqual(updated(rule("oldSelf.hasValue()"), object(), object()), []);
  const asDate = rule("oldSelf.value().at == timestamp('2026-01-02T00:00:00Z')");
  assert.deepEqual(updated(asDate, object(), object()), ["spec.part: Invalid value: no"]);
  assert.deepEqual(updated(rule("!has(oldSelf.value().a__dash__b)"), object(), object()), []);
});

test("rules wait for values of the right types, and are not run at all when they cannot be seen", () => {
  const wrong = boat({ size: "large" });
  assert.deepEqual(created(schemaOf(size("self < 10")), wrong), [
    'spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"',
    "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
  ]);
  const unseen = schemaOf({
    "x-kubernetes-preserve-unknown-fields": true,
    ...size("self < 10"),
    type: undefined!,
  });
  assert.equal(created(unseen, wrong).length, 1);
  assert.deepEqual(created(unseen, boat({ size: 11 })), []);
});

test("rules of one object share a budget", () => {
  const costly = {
    rule: "self.all(a, self.all(b, self.all(c, a != b || b == c || a != c)))",
    message: "never",
  };
  const list: JsonSchemaProps = {
    type: "array",
    items: { type: "integer" },
    "x-kubernetes-validations": [costly, { rule: "false" }],
  };
  const schema = schemaOf({ type: "object", properties: { list } });
  const [first = "", ...more] = created(schema, boat({ list: Array.from({ length: 200 }, () => 1) }));
  assert.match(first, /no further validation rules will be run/);
  assert.deepEqual(more, []);
});

test("unknown fields of defaults in maps go", () => {
  const values: JsonSchemaProps = {
    type: "object",
    properties: {
      a: { type: "object", default: { odd: 1 }, properties: { b: { type: "integer", default: 2 } } },
    },
  };
  const schema = schemaOf({ type: "object", additionalProperties: values });
  const object = boat({ k: {} });
  schema.applyDefaults(object);
  assert.deepEqual(object.spec, { k: { a: { b: 2 } } });
});
