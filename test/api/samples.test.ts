/** An ordinary object of every kind that is stored, in every version of it, the whole way through the server, with all rules on. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { dump } from "js-yaml";
import { groups } from "@knarr/kinds/kinds.ts";
import { publishedResources } from "@knarr/schema/resources.ts";
import { names, samples } from "./samples.ts";
import { json, Walker } from "./walk.ts";

let walker: Walker;

before(async () => {
  walker = await Walker.start({ runtimeConfig: { "api/all": true } });
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } };
  await walker.must("POST", "/api/v1/namespaces/default/serviceaccounts", account);
});

after(async () => {
  await walker?.[Symbol.asyncDispose]();
});

/** What the server itself says of an object as soon as it is there. */
const settling: Readonly<Record<string, (object: any) => boolean>> = {
  FlowSchema: ({ status }) => status?.conditions?.some(({ type }: any) => type === "Dangling"),
  APIService: ({ status }) => status?.conditions?.some(({ type }: any) => type === "Available"),
  CustomResourceDefinition: ({ status }) =>
    status?.conditions?.some(({ type }: any) => type === "Established"),
};

for (const { group, version, resources } of groups) {
  for (const { kind, plural, scope, verbs } of resources) {
    if (verbs && !verbs.includes("delete")) continue;
    test(`${group || "core"}/${version} ${kind} goes the whole way`, async () => {
      const sample = samples[`${version} ${kind}`] ?? samples[kind] ?? samples[`${group || "core"} ${kind}`];
      assert.ok(sample, `Give ${kind} a sample in samples.ts`);
      const place = scope === "Namespaced" ? "/namespaces/default" : "";
      const collection = `${group ? `/apis/${group}/${version}` : `/api/${version}`}${place}/${plural}`;
      const object = {
        apiVersion: group ? `${group}/${version}` : version,
        kind,
        metadata: { name: names[kind] ?? "sample" },
        ...sample,
      };
      const yaml = { type: "application/yaml", bytes: Buffer.from(dump(object)) };
      await walker.walk(collection, [json(object), yaml], settling[kind]);
    });
  }
}

test("every kind that upstream publishes is served", () => {
  const served = new Set(
    groups.flatMap(({ group, version, resources }) =>
      resources.map(({ plural }) => `${group}/${version}/${plural}`),
    ),
  );
  const missing = publishedResources()
    .map(({ group, version, plural }) => `${group}/${version}/${plural}`)
    .filter((name) => !served.has(name));
  assert.deepEqual(missing, []);
});
