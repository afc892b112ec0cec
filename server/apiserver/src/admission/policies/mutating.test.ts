/** Mutating policies: what they make of objects, in which order, and what they refuse. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { deployment } from "@knarr/kinds/apps/deployment.ts";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { creating, errorOf, startPolicyServer } from "./rig.ts";

const applying = (expression: string) => ({
  patchType: "ApplyConfiguration",
  applyConfiguration: { expression },
});
const patching = (expression: string) => ({ patchType: "JSONPatch", jsonPatch: { expression } });

/** Adds a word to those that are there already. */
const adding = (word: string) =>
  patching(
    `[JSONPatch{op: "add", path: "/data", value: {"words": object.?data.words.orValue("") + "${word} "}}]`,
  );

const labelled = 'Object{metadata: Object.metadata{labels: {"by": "policy"}}}';

test("an ApplyConfiguration is merged into the object", async () => {
  await using rig = await startPolicyServer();
  await rig.mutating("label", { mutations: [applying(labelled)] });
  const { metadata } = await rig.made("a", {
    metadata: { name: "a", namespace: "default", labels: { x: "y" } },
  });
  assert.deepEqual(metadata.labels, { x: "y", by: "policy" });
});

test("lists are merged by their keys, and what comes out has its defaults", async () => {
  await using rig = await startPolicyServer();
  const expression = `Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{
    containers: object.spec.template.spec.containers.map(c, Object.spec.template.spec.containers{
      name: c.name, imagePullPolicy: "Never"
    }),
    initContainers: [Object.spec.template.spec.initContainers{name: "first", image: "i"}]
  }}}}`;
  await rig.mutating("never", {
    matchConstraints: creating("deployments"),
    mutations: [applying(expression)],
  });
  const made: any = await rig.api.create(deployment, {
    metadata: { name: "a", namespace: "default" },
    spec: {
      selector: { matchLabels: { a: "b" } },
      template: {
        metadata: { labels: { a: "b" } },
        spec: {
          containers: [
            { name: "a", image: "x:1" },
            { name: "b", image: "y:1" },
          ],
        },
      },
    },
  } as never);
  const { containers, initContainers } = made.spec.template.spec;
  assert.deepEqual(
    containers.map(({ name, image, imagePullPolicy }: any) => [name, image, imagePullPolicy]),
    [
      ["a", "x:1", "Never"],
      ["b", "y:1", "Never"],
    ],
  );
  assert.equal(initContainers[0].terminationMessagePath, "/dev/termination-log");
});

test("a JSONPatch sees what was made before it, and a test in it that fails leaves the object alone", async () => {
  await using rig = await startPolicyServer();
  const untrue = `[JSONPatch{op: "test", path: "/metadata/name", value: "other"}, JSONPatch{op: "remove", path: "/data"}]`;
  await rig.mutating("words", { mutations: [adding("one"), adding("two"), patching(untrue)] });
  await rig.mutating("zebra", { mutations: [adding("three")] });
  assert.deepEqual((await rig.made("a")).data, { words: "one two three " });
});

test("variables, params and conditions are for mutations, too", async () => {
  await using rig = await startPolicyServer();
  await rig.api.create(configMap, {
    metadata: { name: "params", namespace: "default" },
    data: { team: "blue" },
  });
  const spec = {
    paramKind: { apiVersion: "v1", kind: "ConfigMap" },
    variables: [{ name: "team", expression: "params.data.team + '!'" }],
    matchConditions: [{ name: "not-free", expression: "object.metadata.name != 'free'" }],
    mutations: [applying("Object{data: {'team': variables.team}}")],
  };
  await rig.mutating("team", spec, { paramRef: { name: "params", parameterNotFoundAction: "Deny" } });
  assert.deepEqual((await rig.made("a")).data, { team: "blue!" });
  assert.equal((await rig.made("free")).data, undefined);
});

test("what cannot be done is refused, or ignored if the policy says so", async () => {
  await using rig = await startPolicyServer();
  const mutations = [applying("Object{data: {'x': string(object.data.nope)}}")];
  await rig.mutating("failing", { mutations });
  const refused = await errorOf(rig.made("a"));
  const message =
    "policy 'failing' with binding 'failing' denied request: expression " +
    "'Object{data: {'x': string(object.data.nope)}}' resulted in error: no such key: data";
  assert.equal(refused.message, message);
  assert.deepEqual([refused.code, refused.reason], [403, "Invalid"]);
  assert.deepEqual(refused.details?.causes, [{ message }]);
  await rig.mutating("ignoring", { failurePolicy: "Ignore", mutations });
  await assert.rejects(rig.made("a"), /policy 'failing'/);
});

test("an ApplyConfiguration cannot replace what is one whole, or set what is not there", async () => {
  await using rig = await startPolicyServer();
  const matchConstraints = creating("deployments");
  const says = async (name: string, expression: string): Promise<string> => {
    await rig.mutating(name, { matchConstraints, mutations: [applying(expression)] });
    const made = rig.api.create(deployment, {
      metadata: { name: "a", namespace: "default" },
      spec: {
        selector: { matchLabels: { a: "b" } },
        template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "a", image: "x" }] } },
      },
    } as never);
    return (await errorOf(made)).message.replace(/^.*denied request: /, "");
  };
  assert.equal(
    await says("a", `Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {"x": "y"}}}}`),
    "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.selector",
  );
});

test("policies that ask for it are called again, and see what others have made", async () => {
  await using rig = await startPolicyServer();
  const counting = patching(
    `[JSONPatch{op: "add", path: "/metadata/labels", value: {
      "seen": object.?data.words.orValue("none").trim(),
      "times": object.metadata.?labels.times.orValue("") + "I"
    }}]`,
  );
  await rig.mutating("first", { reinvocationPolicy: "IfNeeded", mutations: [counting] });
  await rig.mutating("second", { mutations: [adding("word")] });
  const { metadata, data } = await rig.made("a");
  assert.deepEqual(metadata.labels, { seen: "word", times: "II" });
  assert.deepEqual(data, { words: "word " });
});
