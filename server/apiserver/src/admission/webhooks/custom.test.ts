/** Webhooks about custom resources and about what defines them: they see and change these like any other object. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { customResourceDefinition } from "@knarr/kinds/apiextensions/custom-resource-definition.ts";
import { copyJson } from "@knarr/machinery/patch/copy.ts";
import { ask, boats, BOATS, define, MERGE, until, version } from "../../testing/boats.ts";
import { allow, creating, patching, rulesFor, startHooked, type Answer } from "./rig.ts";

const boat = (name: string, spec: object = { crew: 3 }, apiVersion = "x.io/v1"): object => ({
  apiVersion,
  kind: "Boat",
  metadata: { name },
  spec,
});
const BOATS_V2 = BOATS.replace("v1", "v2");
const all = rulesFor(["CREATE", "UPDATE", "DELETE"], "boats");

/** Adds a tag, when the last one is `wanted`. */
const tagging =
  (tag: string, wanted: string): Answer =>
  (request, received) =>
    request.object.spec.tags?.at(-1) === wanted
      ? patching({ op: "add", path: "/spec/tags/-", value: tag })(request, received)
      : { allowed: true };

test("custom resources are not created, changed or deleted against a webhook's will", async () => {
  const denied: Answer = ({ object, oldObject }) => {
    const isBad = (object ?? oldObject).spec.color === "blue";
    return { allowed: !isBad, status: { message: "the custom resource contains unwanted data" } };
  };
  await using rig = await startHooked({ deny: denied });
  await define(rig);
  await ask(rig, "POST", BOATS, boat("old", { crew: 1, color: "blue" }));
  await rig.validating("a", { name: "deny.x.io", ...all });
  const message =
    'admission webhook "deny.x.io" denied the request: the custom resource contains unwanted data';
  await assert.rejects(ask(rig, "POST", BOATS, boat("bad", { crew: 1, color: "blue" })), { message });
  await ask(rig, "POST", BOATS, boat("good"));
  await assert.rejects(ask(rig, "PATCH", `${BOATS}/good`, { spec: { color: "blue" } }, MERGE), { message });
  await assert.rejects(ask(rig, "DELETE", `${BOATS}/old`), { message });
  await assert.rejects(ask(rig, "DELETE", BOATS), { message });
  assert.ok(await ask(rig, "GET", `${BOATS}/old`));

  const [created] = rig.requests();
  assert.deepEqual(created.kind, { group: "x.io", version: "v1", kind: "Boat" });
  assert.deepEqual(created.resource, { group: "x.io", version: "v1", resource: "boats" });
  assert.deepEqual([created.object.apiVersion, created.object.kind], ["x.io/v1", "Boat"]);
});

test("what webhooks make of a custom resource is pruned when it is stored, defaulted at once, and validated", async () => {
  await using rig = await startHooked({
    one: patching(
      { op: "remove", path: "/spec/color" },
      { op: "add", path: "/spec/bogus", value: 1 },
      { op: "add", path: "/metadata/labels", value: { a: 5 } },
      { op: "add", path: "/spec/tags", value: [] },
    ),
    two: allow,
    crowd: patching({ op: "replace", path: "/spec/crew", value: 99 }),
  });
  await define(rig);
  await rig.mutating("a", { name: "one.x.io", ...all }, { name: "two.x.io", ...all });
  const made = await ask(rig, "POST", BOATS, boat("a", { crew: 3, color: "blue" }));
  assert.deepEqual(made.spec, { crew: 3, color: "red", tags: [] });
  assert.equal(made.metadata.labels, undefined);
  assert.deepEqual(rig.requests()[1].object.spec, { crew: 3, color: "red", tags: [], bogus: 1 });

  await rig.mutating("b", { name: "crowd.x.io", ...all });
  await assert.rejects(ask(rig, "POST", BOATS, boat("b")), {
    message:
      'Boat.x.io "b" is invalid: spec.crew: Invalid value: 99: spec.crew in body should be less than or equal to 30',
  });
});

test("webhooks see the version they ask for, and change it, whatever is stored and whatever the client speaks", async () => {
  await using rig = await startHooked({ one: tagging("1", "start"), two: tagging("2", "1"), exact: allow });
  const later = version("v2", { storage: false, selectableFields: [] });
  (later.schema!.openAPIV3Schema!.properties!["spec"] as any).properties.sails = { type: "integer" };
  const { metadata } = await define(rig, boats(version("v1"), later));
  const v1 = { rules: [{ ...all.rules[0]!, apiVersions: ["v1"] }] };
  await rig.mutating(
    "a",
    { name: "one.x.io", ...v1 },
    { name: "two.x.io", ...v1 },
    { name: "exact.x.io", ...v1, matchPolicy: "Exact" },
  );
  await ask(rig, "POST", BOATS, boat("a", { crew: 3, tags: ["start"] }));
  const next = boats(version("v1", { storage: false }), { ...later, storage: true });
  const { resourceVersion } = metadata;
  await rig.api.update(customResourceDefinition, {
    ...next,
    metadata: { ...next.metadata, resourceVersion },
  } as never);
  await until(rig, "boats.x.io", (found) => found?.status?.storedVersions?.includes("v2") ?? false);
  rig.webhook.received.length = 0;

  const change = { spec: { sails: 2, tags: ["start"] } };
  const patched = await ask(rig, "PATCH", `${BOATS_V2}/a`, change, MERGE);
  // v1 knows no sails; they are not lost on the way through it.
  assert.deepEqual(patched.spec, { crew: 3, color: "red", sails: 2, tags: ["start", "1", "2"] });
  assert.equal(patched.apiVersion, "x.io/v2");
  const seen = rig.requests();
  assert.equal(seen.length, 2);
  for (const { kind, requestKind, object, oldObject } of seen) {
    assert.deepEqual([kind.version, requestKind.version], ["v1", "v2"]);
    assert.deepEqual([object.apiVersion, oldObject.apiVersion], ["x.io/v1", "x.io/v1"]);
  }
});

test("definitions are chosen by their labels, like everything", async () => {
  await using rig = await startHooked({ deny: () => ({ allowed: false }) });
  await rig.validating("a", {
    name: "deny.x.io",
    ...creating("customresourcedefinitions"),
    objectSelector: { matchLabels: { unwanted: "yes" } },
  });
  const definition = boats();
  const marked = copyJson({
    ...definition,
    metadata: { ...definition.metadata, labels: { unwanted: "yes" } },
  });
  await assert.rejects(rig.api.create(customResourceDefinition, marked as never), {
    message: 'admission webhook "deny.x.io" denied the request without explanation',
  });
  await define(rig);
});
