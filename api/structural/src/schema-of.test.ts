/** What field management makes of a custom resource's schema. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { apply } from "@knarr/machinery/patch/apply.ts";
import { trackUpdate } from "@knarr/machinery/patch/track-update.ts";
import { schemaOf } from "./schema-of.ts";
import { structuralOf } from "./structural.ts";

const schema = schemaOf(
  structuralOf({
    type: "object",
    properties: {
      spec: {
        type: "object",
        properties: {
          ports: {
            type: "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["port", "protocol"],
            items: {
              type: "object",
              properties: {
                port: { type: "integer" },
                protocol: { type: "string", default: "TCP" },
                target: { "x-kubernetes-int-or-string": true },
              },
            },
          },
          tags: { type: "array", "x-kubernetes-list-type": "set", items: { type: "string" } },
          plain: { type: "array", items: { type: "object", properties: { a: { type: "string" } } } },
          whole: { type: "object", "x-kubernetes-map-type": "atomic", properties: { a: { type: "string" } } },
          open: {
            type: "object",
            "x-kubernetes-preserve-unknown-fields": true,
            properties: { named: { type: "object", properties: { a: { type: "string" } } } },
          },
          map: {
            type: "object",
            additionalProperties: { type: "object", properties: { a: { type: "string" } } },
          },
          pod: {
            type: "object",
            "x-kubernetes-embedded-resource": true,
            "x-kubernetes-preserve-unknown-fields": true,
          },
        },
      },
    },
  }),
);

function owned(spec: object): unknown {
  const object: any = { apiVersion: "x.io/v1", kind: "X", metadata: { name: "x" }, spec };
  trackUpdate({
    live: undefined,
    object,
    manager: "m",
    subresource: "",
    apiVersion: "x.io/v1",
    time: "",
    schema,
  });
  return object.metadata.managedFields[0].fieldsV1["f:spec"];
}

test("schemaOf knows list types, keys and their defaults, and what is of one piece", () => {
  assert.deepEqual(
    owned({
      ports: [{ port: 80, target: "http" }],
      tags: ["a"],
      plain: [{ a: "1" }],
      whole: { a: "1" },
      map: { k: { a: "1" } },
    }),
    {
      ".": {},
      "f:ports": {
        ".": {},
        'k:{"port":80,"protocol":"TCP"}': { ".": {}, "f:port": {}, "f:target": {} },
      },
      "f:tags": { ".": {}, 'v:"a"': {} },
      "f:plain": {},
      "f:whole": {},
      "f:map": { ".": {}, "f:k": { ".": {}, "f:a": {} } },
    },
  );
});

test("schemaOf lets in what is kept without being known, and types what every resource has", () => {
  assert.deepEqual(
    owned({
      open: { any: { thing: 1 }, named: { more: 1 } },
      pod: { kind: "Pod", metadata: { name: "p", finalizers: ["a"] }, spec: { x: [1] } },
    }),
    {
      ".": {},
      "f:open": { ".": {}, "f:any": { ".": {}, "f:thing": {} }, "f:named": { ".": {}, "f:more": {} } },
      "f:pod": {
        ".": {},
        "f:kind": {},
        "f:metadata": { ".": {}, "f:name": {}, "f:finalizers": { ".": {}, 'v:"a"': {} } },
        "f:spec": { ".": {}, "f:x": {} },
      },
    },
  );
});

test("schemaOf says what apply may not state", () => {
  const state = (spec: object) => () =>
    apply({
      live: undefined,
      applied: { apiVersion: "x.io/v1", kind: "X", metadata: { name: "x" }, spec } as never,
      manager: "m",
      force: false,
      subresource: "",
      apiVersion: "x.io/v1",
      kind: "X",
      time: "",
      schema,
    });
  assert.throws(state({ nothing: 1 }), /\.spec\.nothing: field not declared in schema/);
  assert.throws(state({ ports: [{ port: "80" }] }), /\.port: expected numeric \(int or float\), got string/);
  assert.doesNotThrow(state({ ports: [{ port: 80, target: {} }] })); // no type as far as apply knows: validation refuses it
});

test("trackUpdate moves ownership when a value takes another form", () => {
  const live: any = {
    apiVersion: "x.io/v1",
    kind: "X",
    metadata: { name: "x" },
    spec: { open: { any: { a: 1 } } },
  };
  const by = { subresource: "", apiVersion: "x.io/v1", time: "", schema };
  trackUpdate({ ...by, live: undefined, object: live, manager: "one" });
  const object = structuredClone(live);
  object.spec.open.any = 1;
  trackUpdate({ ...by, live, object, manager: "two" });
  assert.deepEqual(
    object.metadata.managedFields.map(({ manager, fieldsV1 }: any) => [manager, fieldsV1["f:spec"]]),
    [
      ["one", { ".": {}, "f:open": {} }],
      ["two", { "f:open": { "f:any": {} } }],
    ],
  );
});

test("apply of an empty map leaves it there, empty", () => {
  const applied = (spec: object, live?: any): any =>
    apply({
      live,
      applied: { apiVersion: "x.io/v1", kind: "X", metadata: { name: "x" }, spec },
      manager: "m",
      force: false,
      subresource: "",
      apiVersion: "x.io/v1",
      kind: "X",
      time: "",
      schema,
    });
  const full = applied({ map: { k: { a: "1" } }, tags: ["t"] });
  assert.deepEqual(applied({ map: {} }, full).spec, { map: {} });
  assert.deepEqual(applied({}, full).spec, {});
});
