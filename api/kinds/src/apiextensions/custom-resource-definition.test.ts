/** What definitions must be and may stay, beyond what the recorded answers cover: rules and their costs, and what updates forgive. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { customResourceDefinition as kind } from "./custom-resource-definition.ts";

type Json = any;

const open: Json = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

function definition(schema: Json = open, more: { version?: Json; spec?: Json; metadata?: Json } = {}): Json {
  const object: Json = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "boats.example.com", ...more.metadata },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "boats", kind: "Boat" },
      versions: [
        { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema }, ...more.version },
      ],
      ...more.spec,
    },
  };
  kind.defaults!(object);
  kind.prepareForCreate!(object);
  return object;
}

function established(object: Json): Json {
  object.status.conditions = [{ type: "Established", status: "True" }];
  return object;
}

function told(check: (errors: FieldErrors) => void): string[] {
  const errors = new FieldErrors();
  check(errors);
  return errors.list.map(({ field, message }) => `${field}: ${message}`.replace(SCHEMA, "…"));
}

const SCHEMA = "spec.validation.openAPIV3Schema";
const created = (object: Json) => told((errors) => kind.validate!(object, errors));
const updated = (object: Json, previous: Json) =>
  told((errors) => kind.validateUpdate!(object, previous, errors));
const spec = (props: Json): Json => ({ type: "object", properties: { spec: props } });
const rules = (...list: string[]) => ({ "x-kubernetes-validations": list.map((rule) => ({ rule })) });

const quadratic = "self.all(a, self.all(b, a == b))";
const list = (more: Json = {}): Json => ({
  type: "array",
  items: { type: "string", ...more.items },
  ...more.list,
  ...rules(quadratic),
});

test("a rule is refused when its node is unbounded, and for how far over the limit it is", () => {
  const advice =
    "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";
  assert.deepEqual(created(definition(spec(list()))), [
    `….properties[spec].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x ${advice}`,
    "….properties[spec].x-kubernetes-validations[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema",
    `…: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x ${advice}`,
  ]);
  assert.deepEqual(created(definition(spec(list({ list: { maxItems: 10 }, items: { maxLength: 10 } })))), []);
});

test("a rule counts as often as its node can occur", () => {
  const cheap = list({ list: { maxItems: 100 }, items: { maxLength: 20 } });
  const many = (maxItems: number) => spec({ type: "array", items: cheap, maxItems });
  assert.deepEqual(created(definition(spec(cheap))), []);
  assert.match(
    created(definition(many(1000)))[0]!,
    /estimated rule cost exceeds budget by factor of \d+\.\dx/,
  );
});

test("a rule that was there before may cost what it did, as long as its schema does not change", () => {
  const stored = established(definition(spec(list({ list: { maxItems: 2500 }, items: { maxLength: 10 } }))));
  assert.equal(created(stored).length, 1);
  assert.deepEqual(updated(structuredClone(stored), stored), []);
  const changed = structuredClone(stored);
  changed.spec.versions[0].schema.openAPIV3Schema.description = "new";
  assert.equal(updated(changed, stored).length, 1);
});

test("rules are compiled where the schema is sound, typed, and can be told from what it was", () => {
  const old = rules("self == oldSelf");
  const inList = (type: string) =>
    spec({
      type: "array",
      maxItems: 5,
      items: { type: "object", required: ["k"], properties: { k: { type: "string", maxLength: 5, ...old } } },
      "x-kubernetes-list-type": type,
      ...(type === "map" && { "x-kubernetes-list-map-keys": ["k"] }),
    });
  assert.deepEqual(created(definition(inList("map"))), []);
  assert.deepEqual(created(definition(inList("atomic"))), [
    '….properties[spec].items.properties[k].x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within ….properties[spec]'.replaceAll(
      "within …",
      `within ${SCHEMA}`,
    ),
  ]);
  const below = { type: "object", properties: { n: { type: "integer", ...rules("self > 0") } } };
  const untyped = { "x-kubernetes-preserve-unknown-fields": true, properties: { below } };
  const around = (more: Json) => spec({ type: "object", properties: { untyped }, ...more });
  assert.deepEqual(created(definition(around({}))), []);
  assert.match(created(definition(around(rules("true")))).join(), /failed to construct type information/);
  assert.deepEqual(created(definition(spec({ type: "integer", uniqueItems: true, ...rules("nonsense") }))), [
    "….properties[spec].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
  ]);
});

test("defaults must pass the rules of their schema", () => {
  const node = {
    type: "integer",
    default: 1,
    "x-kubernetes-validations": [{ rule: "self > 1", message: "more" }],
  };
  assert.deepEqual(created(definition(spec(node))), ["….properties[spec].default: Invalid value: 1: more"]);
});

test("what is established keeps its scope and kind", () => {
  const stored = definition();
  const other = definition(open, { spec: { scope: "Cluster", names: { plural: "boats", kind: "Ship" } } });
  assert.deepEqual(updated(other, stored), []);
  assert.deepEqual(updated(other, established(stored)), [
    'spec.scope: Invalid value: "Cluster": field is immutable',
    'spec.names.kind: Invalid value: "Ship": field is immutable',
  ]);
});

test("an update may go on with what earlier rules let through, but not begin with it", () => {
  const bad = { type: "object", properties: { a: { type: "odd" } } };
  const stored = established(definition(bad));
  assert.deepEqual(updated(structuredClone(stored), stored), []);
  assert.notDeepEqual(updated(structuredClone(stored), established(definition())), []);
});

test("a webhook converts for several versions, and is told in which words", () => {
  const webhook = (conversionReviewVersions: string[]) => ({
    conversion: {
      strategy: "Webhook",
      webhook: { clientConfig: { url: "https://example.com/convert" }, conversionReviewVersions },
    },
  });
  assert.deepEqual(created(definition(open, { spec: webhook(["v1"]) })), []);
  assert.deepEqual(created(definition(open, { spec: webhook([]) })).length, 1);
  assert.match(
    created(definition(open, { spec: webhook(["v9"]) }))[0]!,
    /must include at least one of v1, v1beta1/,
  );
});

test("groups of the community need an approval", () => {
  const protectedGroup = (annotations?: Json) =>
    definition(open, {
      metadata: { name: "boats.x.k8s.io", annotations },
      spec: { group: "x.k8s.io" },
    });
  const key = "api-approved.kubernetes.io";
  assert.match(created(protectedGroup())[0]!, /protected groups must have approval annotation/);
  assert.deepEqual(created(protectedGroup({ [key]: "https://github.com/kubernetes/kubernetes/pull/1" })), []);
  assert.match(created(protectedGroup({ [key]: "maybe" }))[0]!, /either a URL or a reason/);
});
