/** Where watchers wait and where changes look: in the same place when they select the object, in another when they cannot. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFieldSelector } from "@knarr/machinery/fields.ts";
import { parseLabelSelector } from "@knarr/machinery/labels.ts";
import type { Selected } from "./cache.ts";
import { bucketsOf, selectionOf } from "./selection.ts";
import { pod, podOf } from "./testing/world.ts";

const objects = [
  podOf("p", { namespace: "a", nodeName: "n", labels: { app: "x" } }),
  podOf("q", { namespace: "a", labels: { app: "x" } }),
  podOf("p", { namespace: "b", nodeName: "n" }),
  podOf("p", { namespace: "b.c", nodeName: "m" }),
];

const selected: [string, Selected, number][] = [
  ["everything", {}, 4],
  ["labels", { labelSelector: parseLabelSelector("app=x") }, 4],
  ["a namespace", { namespace: "a" }, 2],
  ["labels in a namespace", { namespace: "b", labelSelector: parseLabelSelector("app=x") }, 1],
  ["a namespace as a field", { fieldSelector: parseFieldSelector("metadata.namespace=b") }, 1],
  ["a node", { fieldSelector: parseFieldSelector("spec.nodeName=n") }, 2],
  ["no node", { fieldSelector: parseFieldSelector("spec.nodeName=") }, 1],
  ["all but a node", { fieldSelector: parseFieldSelector("spec.nodeName!=n") }, 4],
  ["an object", { namespace: "a", fieldSelector: parseFieldSelector("metadata.name=p") }, 1],
  ["a name", { fieldSelector: parseFieldSelector("metadata.name=p") }, 4],
];

for (const [name, query, looks] of selected) {
  test(`changes look for watchers of ${name} only where they may be`, () => {
    const selection = selectionOf(pod, query);
    const found = objects.filter((object) => bucketsOf(pod, object).includes(selection.bucket));
    assert.equal(found.length, looks);
    for (const object of objects) if (selection.matches(object)) assert.ok(found.includes(object));
  });
}
