/** Which requests rules are for. */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { deployment } from "@knarr/kinds/apps/deployment.ts";
import { namespace } from "@knarr/kinds/core/namespace.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";
import type { AdmissionRequest } from "../../request.ts";
import { openCaches } from "../../cache/open-caches.ts";
import { Registry } from "../../registry/registry.ts";
import { Matcher, type MatchCriteria } from "./matcher.ts";
import { ruleMatches, type Rule } from "./rules.ts";

const CREATE = { operation: "CREATE", subresource: "" } as const;
const any: Rule = { operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*"] };

for (const [name, rule, resource, subresource, wanted] of [
  ["everything", any, pod, "", true],
  ["everything but subresources", any, pod, "status", false],
  ["everything and subresources", { ...any, resources: ["*/*"] }, pod, "status", true],
  ["subresources are not their objects", { ...any, resources: ["pods/status"] }, pod, "", false],
  ["a kind with its subresources", { ...any, resources: ["pods/*"] }, pod, "exec", true],
  ["and without any", { ...any, resources: ["pods/*"] }, pod, "", true],
  ["a subresource of all kinds", { ...any, resources: ["*/scale"] }, deployment, "scale", true],
  ["another operation", { ...any, operations: ["UPDATE", "DELETE"] }, pod, "", false],
  ["another group", { ...any, apiGroups: ["apps"] }, pod, "", false],
  ["the core group", { ...any, apiGroups: [""] }, pod, "", true],
  ["another version", { ...any, apiVersions: ["v2"] }, pod, "", false],
  ["of the cluster", { ...any, scope: "Cluster" }, pod, "", false],
  ["Namespaces are of the cluster", { ...any, scope: "Cluster" }, namespace, "", true],
  ["and in no namespace", { ...any, scope: "Namespaced" }, namespace, "", false],
  ["a rule without operations", { ...any, operations: [] }, pod, "", false],
] as readonly (readonly [string, Rule, Resource<any>, string, boolean])[]) {
  test(`ruleMatches: ${name}`, () => {
    assert.equal(ruleMatches(rule, { ...CREATE, resource, subresource }), wanted);
  });
}

const caches = await openCaches({ store: new MemoryStore(), resources: [namespace] });
after(() => caches[Symbol.asyncDispose]());
const { world } = caches;
const registry = new Registry([], caches, () => ({}));
const request = (name: string): AdmissionRequest =>
  ({ ...CREATE, resource: pod, kind: pod, name, namespace: "default" }) as unknown as AdmissionRequest;
const matches = (criteria: MatchCriteria, name = "web"): boolean =>
  new Matcher(criteria, registry).match({ metadata: {} }, request(name), world) !== undefined;

test("Matcher goes by names where rules have any, and exclusion wins", () => {
  const named = { ...any, resourceNames: ["web"] };
  assert.ok(matches({ resourceRules: [named] }));
  assert.ok(!matches({ resourceRules: [named] }, "other"));
  assert.ok(matches({ resourceRules: [named, any] }, "other"));
  assert.ok(!matches({ resourceRules: [any], excludeResourceRules: [named] }));
  assert.ok(matches({ resourceRules: [any], excludeResourceRules: [named] }, "other"));
});

test("Matcher without rules is for everything, as bindings are", () => {
  assert.ok(matches({}));
  assert.ok(!matches({ excludeResourceRules: [any] }));
});

test("Matcher asks for the namespace only of requests that the rules are for", () => {
  const namespaceSelector = { matchLabels: { a: "b" } };
  assert.throws(() => matches({ resourceRules: [any], namespaceSelector }), {
    message: 'namespaces "default" not found',
  });
  assert.ok(!matches({ resourceRules: [{ ...any, apiGroups: ["apps"] }], namespaceSelector }));
});
