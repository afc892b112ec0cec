/** Templates: the same pods, the same text, the same name. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodTemplateSpec } from "@knarr/kinds/generated/core-v1.ts";
import { sameTemplate, templateHash } from "./template.ts";

function template(change: (template: any) => void = () => {}): PodTemplateSpec {
  const made = {
    metadata: { labels: { app: "web" } },
    spec: { containers: [{ name: "c", image: "i" }], volumes: [{ name: "v", emptyDir: {} }] },
  };
  change(made);
  return made;
}

for (const { name, change, same } of [
  { name: "itself", change: () => {}, same: true },
  { name: "another hash label", change: (t) => (t.metadata.labels["pod-template-hash"] = "x"), same: true },
  { name: "creationTimestamp null", change: (t) => (t.metadata.creationTimestamp = null), same: true },
  {
    name: "empty lists and maps",
    change: (t) => ((t.spec.initContainers = []), (t.spec.nodeSelector = {})),
    same: true,
  },
  {
    name: "another order of fields",
    change: (t) => (t.spec.containers = [{ image: "i", name: "c" }]),
    same: true,
  },
  { name: "another image", change: (t) => (t.spec.containers[0].image = "j"), same: false },
  {
    name: "an empty struct that says something",
    change: (t) => delete t.spec.volumes[0].emptyDir,
    same: false,
  },
  { name: "another label", change: (t) => (t.metadata.labels.tier = "x"), same: false },
] satisfies { name: string; change: (template: any) => void; same: boolean }[]) {
  test(`sameTemplate: ${name} is ${same ? "the same" : "another"}`, () => {
    assert.equal(sameTemplate(template(), template(change)), same);
    assert.equal(templateHash(template(), undefined) === templateHash(template(change), undefined), same);
  });
}

test("templateHash stays what it is, and changes with the number of collisions", () => {
  assert.equal(templateHash(template(), undefined), templateHash(template(), undefined));
  assert.notEqual(templateHash(template(), undefined), templateHash(template(), 1));
  assert.notEqual(templateHash(template(), 1), templateHash(template(), 2));
});
