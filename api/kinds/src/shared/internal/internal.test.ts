/** Upstream's in-memory names and diffs, as its error texts show them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { jsonDiff } from "./diff.ts";
import { internalForm } from "./form.ts";
import { layouts } from "./layout.ts";

test("internalForm shows Go's names in Go's order, with zeros", () => {
  assert.equal(
    JSON.stringify(internalForm({ effect: "NoSchedule", key: "k" }, "Taint")),
    '{"Key":"k","Value":"","Effect":"NoSchedule","TimeAdded":null}',
  );
});

test("internalForm moves the host's namespaces into the security context, where upstream keeps them", () => {
  const form = internalForm({ containers: [], hostPID: true, securityContext: {} }, "PodSpec") as any;
  assert.equal(form.SecurityContext.HostPID, true);
  assert.equal(form.SecurityContext.HostNetwork, false);
  assert.equal(form.HostPID, undefined);
});

test("internalForm shows label selectors as they are on the wire, maps sorted", () => {
  const selector = { matchExpressions: [{ operator: "Exists", key: "" }], matchLabels: { b: "2", a: "1" } };
  assert.equal(
    JSON.stringify(internalForm(selector, "raw")),
    '{"matchLabels":{"a":"1","b":"2"},"matchExpressions":[{"key":"","operator":"Exists"}]}',
  );
});

test("layouts name only types that have a layout", () => {
  const known = new Set([
    ...Object.keys(layouts),
    "string",
    "number",
    "bool",
    "quantity",
    "time",
    "raw",
    "json",
    "meta",
    "byte",
  ]);
  for (const row of Object.values(layouts))
    for (const field of row.split(" ")) {
      const type = field.slice(field.indexOf(":") + 1).replace(/^(\*|\[\]|\{\})+/, "");
      assert.ok(known.has(type), `${field} has no layout`);
    }
});

test("jsonDiff shows three lines around a change", () => {
  const before = { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7 };
  assert.equal(
    jsonDiff(before, { ...before, d: 40 }),
    '@@ -2,7 +2,7 @@\n  "a": 1,\n  "b": 2,\n  "c": 3,\n- "d": 4,\n+ "d": 40,\n  "e": 5,\n  "f": 6,\n  "g": 7\n',
  );
});

test("jsonDiff splits changes that are far apart, and says nothing of equal values", () => {
  const before = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`k${i}`, i]));
  const diff = jsonDiff(before, { ...before, k2: "x", k27: "y" });
  assert.equal(diff.match(/^@@/gm)?.length, 2);
  assert.equal(jsonDiff(before, before), "");
});
