/** The registry: every kind is found by its names, and says what the published API says of it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { publishedResources } from "@knarr/schema/resources.ts";

import { groups, resourceFor, resourceForKind, resources } from "./kinds.ts";
import { schemaOf } from "./resource.ts";

test("resourceFor and resourceForKind find a kind by plural and by kind", () => {
  assert.equal(resourceFor("apps", "v1", "deployments")?.kind, "Deployment");
  assert.equal(resourceForKind("", "v1", "Pod")?.plural, "pods");
  assert.equal(resourceFor("apps", "v1", "pods"), undefined);
});

test("resourceForKind finds bodies of subresources, which have no path of their own", () => {
  assert.equal(resourceForKind("autoscaling", "v1", "Scale")?.kind, "Scale");
  assert.equal(resourceForKind("policy", "v1", "Eviction")?.kind, "Eviction");
  assert.ok(!resources.some(({ kind }) => kind === "Scale"));
});

test("alpha and beta versions are off by default, and no others", () => {
  for (const { group, version, isOffByDefault = false } of groups)
    assert.equal(isOffByDefault, /alpha|beta/.test(version), `${group}/${version}`);
});

for (const resource of groups.flatMap((group) => [...group.resources, ...(group.bodies ?? [])])) {
  test(`${resource.group}/${resource.kind} has a definition and agrees with the published API`, () => {
    assert.equal(schemaOf(resource).name, resource.schema);
    if (!resource.plural) return;
    const published = publishedResources().find(
      ({ group, version, plural }) =>
        group === resource.group && version === resource.version && plural === resource.plural,
    );
    assert.ok(published, `${resource.plural} is not published`);
    assert.equal(published.kind, resource.kind);
    assert.equal(published.schema, resource.schema);
    assert.equal(published.namespaced, resource.scope === "Namespaced");
  });
}
