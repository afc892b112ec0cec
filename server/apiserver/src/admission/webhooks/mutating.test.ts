/** Mutating webhooks: in which order they are called, what they may change, and what the object is afterwards. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { event } from "@knarr/kinds/core/event.ts";
import { eventsEvent } from "@knarr/kinds/events/event.ts";
import { deployment } from "@knarr/kinds/apps/deployment.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import { allow, creating, patching, rulesFor, startHooked, type Answer } from "./rig.ts";

const map = (name: string, data?: Record<string, string>) =>
  ({ metadata: { name, namespace: "default" }, ...(data && { data }) }) as never;
const web = (spec: object = {}): any => ({
  metadata: { name: "web", namespace: "default" },
  spec: { containers: [{ name: "c", image: "i" }], ...spec },
});

/** Adds `key` to the data when `if` is there already. */
const adding =
  (key: string, { if: wanted }: { readonly if: string }): Answer =>
  (request, received) =>
    request.object.data?.[wanted]
      ? patching({ op: "add", path: `/data/${key}`, value: "yes" })(request, received)
      : { allowed: true };

test("webhooks are called in the order of their configurations' names, and each sees what those before it made", async () => {
  await using rig = await startHooked({
    one: adding("stage-1", { if: "start" }),
    two: adding("stage-2", { if: "stage-1" }),
  });
  await rig.mutating("b", { name: "two.x.io", ...creating("configmaps") });
  await rig.mutating("a", { name: "one.x.io", ...creating("configmaps") });
  const { data } = await rig.api.create(configMap, map("a", { start: "yes" }));
  assert.deepEqual(data, { start: "yes", "stage-1": "yes", "stage-2": "yes" });
});

test("a changed object gets its defaults, and loses what its kind does not know", async () => {
  await using rig = await startHooked({
    init: patching(
      { op: "add", path: "/spec/initContainers", value: [{ name: "added", image: "i", bogus: 1 }] },
      { op: "add", path: "/metadata/annotations", value: { by: "webhook" } },
    ),
  });
  await rig.mutating("a", { name: "init.x.io", ...creating("pods") });
  const { spec, metadata } = await rig.api.create(pod, web());
  const [added] = spec!.initContainers!;
  assert.equal(added!.terminationMessagePolicy, "File");
  assert.ok(!("bogus" in added!));
  // Plugins before the webhook ran once more: they had not seen the container.
  assert.equal(added!.volumeMounts?.[0]?.mountPath, "/var/run/secrets/kubernetes.io/serviceaccount");
  assert.deepEqual(metadata!.annotations, { by: "webhook" });
});

test("a webhook is called once more when it asks for it and another changed the object behind it", async () => {
  await using rig = await startHooked({
    wish: adding("seen", { if: "late" }),
    never: allow,
    late: adding("late", { if: "start" }),
  });
  await rig.mutating(
    "a",
    { name: "wish.x.io", ...creating("configmaps"), reinvocationPolicy: "IfNeeded" },
    { name: "never.x.io", ...creating("configmaps") },
    { name: "late.x.io", ...creating("configmaps") },
  );
  const { data } = await rig.api.create(configMap, map("a", { start: "yes" }));
  assert.deepEqual(data, { start: "yes", late: "yes", seen: "yes" });
  const called = (): string[] => rig.webhook.received.splice(0).map(({ url }) => url.split("?")[0]!);
  assert.deepEqual(called(), ["/wish", "/never", "/late", "/wish"]);

  // Nothing changed, nobody is called again.
  await rig.api.create(configMap, map("b"));
  assert.deepEqual(called(), ["/wish", "/never", "/late"]);
});

test("a patch is made in the version that the webhook asked for", async () => {
  await using rig = await startHooked({
    note: patching({ op: "replace", path: "/message", value: "changed" }),
  });
  await rig.mutating("a", {
    name: "note.x.io",
    rules: [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["events"] }],
  });
  const created = await rig.api.create(eventsEvent, {
    metadata: { name: "a", namespace: "default" },
    eventTime: "2026-01-01T00:00:00.000000Z",
    reportingController: "x.io/c",
    reportingInstance: "c-1",
    action: "Acted",
    reason: "Because",
    type: "Normal",
    regarding: { kind: "Pod", namespace: "default", name: "p" },
    note: "hello",
  } as never);
  assert.deepEqual([created.apiVersion, (created as any).note], ["events.k8s.io/v1", "changed"]);
  assert.equal((await rig.api.get(event, "default/a")).message, "changed");
});

test("what is scaled can be changed on the way", async () => {
  await using rig = await startHooked({
    most: patching({ op: "replace", path: "/spec/replicas", value: 5 }),
  });
  await rig.api.create(deployment, {
    metadata: { name: "d", namespace: "default" },
    spec: {
      selector: { matchLabels: { a: "b" } },
      template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } },
    },
  } as never);
  await rig.mutating("a", { name: "most.x.io", ...rulesFor(["UPDATE"], "deployments/scale") });
  await rig.api.patch(deployment, "default/d", { spec: { replicas: 9 } }, { subresource: "scale" });
  assert.equal((await rig.api.get(deployment, "default/d")).spec?.replicas, 5);
});

for (const { name, answer, message } of [
  {
    name: "that does not apply",
    answer: patching({ op: "remove", path: "/data/none" }),
    message:
      "Internal error occurred: error in remove for path: '/data/none': Unable to remove nonexistent key: none: missing value",
  },
  {
    name: "that makes no object of the kind",
    answer: patching({ op: "add", path: "/data", value: { a: 1 } }),
    message:
      /^Internal error occurred: json: cannot unmarshal number into Go struct field ConfigMap\.data of type string$/,
  },
  {
    name: "that is none",
    answer: () => ({ allowed: true, patchType: "JSONPatch", patch: Buffer.from("{").toString("base64") }),
    message:
      'Internal error occurred: failed calling webhook "bad.x.io": received undecodable patch in webhook response: unexpected end of JSON input',
  },
  {
    name: "of another type",
    answer: () => ({ ...patching({})({}, {} as never), patchType: "Merge" }),
    message: 'Internal error occurred: failed calling webhook "bad.x.io": unsupported patch type "Merge"',
  },
] as const) {
  test(`a patch ${name} ends the request`, async () => {
    await using rig = await startHooked({ bad: answer });
    await rig.mutating("a", { name: "bad.x.io", ...creating("configmaps") });
    await assert.rejects(rig.api.create(configMap, map("a", { k: "v" })), {
      reason: "InternalError",
      message,
    });
  });
}

test("what is deleted cannot be changed, and managed fields stay readable", async () => {
  await using rig = await startHooked({
    fields: patching({ op: "add", path: "/metadata/managedFields", value: [{ operation: "Nonsense" }] }),
    label: patching({ op: "add", path: "/metadata/labels", value: { a: "b" } }),
  });
  await rig.mutating("a", { name: "fields.x.io", ...creating("configmaps") });
  await rig.mutating("b", { name: "label.x.io", ...rulesFor(["DELETE"], "configmaps") });
  const { body, warnings } = await rig.transport.request({
    method: "POST",
    path: "/api/v1/namespaces/default/configmaps",
    body: map("a", { k: "v" }),
  });
  assert.deepEqual(
    (body as any).metadata.managedFields.map(({ operation }: { operation: string }) => operation),
    ["Update"],
  );
  assert.deepEqual(warnings, [
    ".metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; please fix your requests: operation must be `Apply` or `Update`",
  ]);
  await assert.rejects(rig.api.delete(configMap, "default/a"), {
    message:
      'Internal error occurred: admission webhook "label.x.io" attempted to modify the object, which is not supported for this operation',
  });
});
