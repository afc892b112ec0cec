/** Custom resources as OpenAPI has them, in the two versions. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { customSchemaOf } from "./custom-schema-of.ts";
import type { JsonSchemaProps } from "./json-schema-props.ts";

const META = "io.k8s.apimachinery.pkg.apis.meta.v1.";

function published(spec: JsonSchemaProps, version: 2 | 3): any {
  const props = { type: "object", properties: { spec } };
  const schema = customSchemaOf(props, {
    group: "stable.example.com",
    version: "v1",
    kind: "CronTab",
    plural: "crontabs",
    scope: "Namespaced",
    selectableFields: [{ jsonPath: ".spec.color" }],
  });
  return schema.openApi(version);
}

const NAME = "com.example.stable.v1.CronTab";

test("openApi names the kind and its list, with what every kind has", () => {
  const { [NAME]: kind, [`${NAME}List`]: list } = published({ type: "string" }, 3);
  assert.deepEqual(Object.keys(kind.properties), ["spec", "apiVersion", "kind", "metadata"]);
  assert.deepEqual(kind.properties.metadata.allOf, [{ $ref: `#/components/schemas/${META}ObjectMeta` }]);
  assert.deepEqual(kind["x-kubernetes-group-version-kind"], [
    { group: "stable.example.com", version: "v1", kind: "CronTab" },
  ]);
  assert.deepEqual(kind["x-kubernetes-selectable-fields"], [{ fieldPath: "spec.color" }]);
  assert.deepEqual(list.properties.items.items, { $ref: `#/components/schemas/${NAME}` });
  const two = published({ type: "string" }, 2);
  assert.equal(two[NAME].properties.metadata.$ref, `#/definitions/${META}ObjectMeta`);
});

const spec: JsonSchemaProps = {
  type: "object",
  required: ["port", "none"],
  properties: {
    port: { "x-kubernetes-int-or-string": true, default: 80 },
    none: { type: "string", nullable: true },
    open: {
      type: "object",
      "x-kubernetes-preserve-unknown-fields": true,
      properties: { a: { type: "string" } },
    },
    list: { type: "array", items: { type: "string" }, anyOf: [{ minItems: 1 }] },
  },
  oneOf: [{ required: ["port"] }],
};

test("openApi 3 says all that the schema says", () => {
  const { properties, ...rest } = published(spec, 3)[NAME].properties.spec;
  assert.deepEqual(rest, { type: "object", required: ["port", "none"], oneOf: [{ required: ["port"] }] });
  assert.deepEqual(properties.port.anyOf, [{ type: "integer" }, { type: "string" }]);
  assert.equal(properties.none.nullable, true);
  assert.ok(properties.open.properties.a);
});

test("openApi 2 leaves out what its clients would take for a closed list of fields", () => {
  assert.deepEqual(published(spec, 2)[NAME].properties.spec, {
    type: "object",
    required: ["port"],
    properties: {
      port: { "x-kubernetes-int-or-string": true },
      none: {},
      open: { "x-kubernetes-preserve-unknown-fields": true },
      list: { type: "array", items: { type: "string" } },
    },
  });
});
