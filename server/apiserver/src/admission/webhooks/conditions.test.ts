/** Match conditions of webhooks: expressions decide which requests they hear of. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { mutatingWebhookConfiguration } from "@knarr/kinds/admissionregistration/mutating-webhook-configuration.ts";
import { validatingWebhookConfiguration } from "@knarr/kinds/admissionregistration/validating-webhook-configuration.ts";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { isForbidden } from "@knarr/machinery/status.ts";
import { creating, patching, rulesFor, startHooked, type Answer } from "./rig.ts";

const map = (name: string, labels?: Record<string, string>) =>
  ({ metadata: { name, namespace: "default", ...(labels && { labels }) }, data: { a: "b" } }) as never;
const when = (...expressions: readonly string[]) => ({
  matchConditions: expressions.map((expression, i) => ({ name: `c${i}`, expression })),
});
const deny: Answer = () => ({ allowed: false });

test("a mutating webhook changes what its conditions hold for, and nothing else", async () => {
  await using rig = await startHooked({ stage: patching({ op: "add", path: "/data/stage", value: "1" }) });
  await rig.mutating("a", {
    name: "stage.x.io",
    ...creating("configmaps"),
    ...when("object.metadata.name != 'skip-me'"),
  });
  assert.deepEqual((await rig.api.create(configMap, map("skip-me"))).data, { a: "b" });
  assert.deepEqual((await rig.api.create(configMap, map("other"))).data, { a: "b", stage: "1" });
});

test("conditions see what a webhook before them has made", async () => {
  await using rig = await startHooked({
    first: patching({ op: "add", path: "/data/stage", value: "1" }),
    second: patching({ op: "add", path: "/data/late", value: "2" }),
  });
  await rig.mutating(
    "a",
    { name: "first.x.io", ...creating("configmaps") },
    { name: "second.x.io", ...creating("configmaps"), ...when("has(object.data.stage)") },
  );
  assert.deepEqual((await rig.api.create(configMap, map("a"))).data, { a: "b", stage: "1", late: "2" });
});

test("all conditions must hold; they see the request, both objects and what the user may do", async () => {
  await using rig = await startHooked({ deny });
  await rig.api.create(configMap, map("a"));
  await rig.validating("a", {
    name: "deny.x.io",
    ...rulesFor(["UPDATE", "DELETE"], "configmaps"),
    ...when(
      "request.operation == 'DELETE' || object.data != oldObject.data",
      "!(request.userInfo.username in ['system:trusted'])",
      "authorizer.group('').resource('configmaps').namespace(request.namespace).check('delete').allowed()",
    ),
  });
  const changed = { metadata: { name: "a", namespace: "default" }, data: { a: "c" } } as never;
  await rig.api.update(configMap, map("a", { x: "y" }));
  await assert.rejects(rig.api.update(configMap, changed), /denied the request without explanation/);
  await assert.rejects(rig.api.delete(configMap, "default/a"), /denied the request/);
  await rig.as("system:trusted", "system:masters").update(configMap, changed);
});

test("a condition that cannot be evaluated is the failure policy's matter, unless another is false", async () => {
  await using rig = await startHooked({ deny });
  const broken = "object.data.missing == 'x'";
  const alsoBroken = "object.data.lost == 'x'";
  const webhook = (name: string, rest: object) => ({ name, ...creating("configmaps"), ...rest });
  await rig.validating(
    "a",
    webhook("deny.ignoring.io", { ...when(broken), failurePolicy: "Ignore" }),
    webhook("deny.false.io", { ...when(broken, "false"), failurePolicy: "Fail" }),
  );
  await rig.api.create(configMap, map("a"));
  await rig.validating("b", webhook("deny.failing.io", { ...when(broken, alsoBroken) }));
  await assert.rejects(rig.api.create(configMap, map("b")), (err) => {
    assert.ok(isForbidden(err));
    assert.equal(
      (err as Error).message,
      `configmaps "b" is forbidden: [expression '${broken}' resulted in error: no such key: missing, expression '${alsoBroken}' resulted in error: no such key: lost]`,
    );
    return true;
  });
  assert.equal(rig.webhook.received.length, 0);
});

for (const [sort, resource] of [
  ["mutating", mutatingWebhookConfiguration],
  ["validating", validatingWebhookConfiguration],
] as const)
  test(`${sort} webhooks with conditions that are none are refused`, async () => {
    await using rig = await startHooked({ deny });
    await assert.rejects(
      rig[sort]("a", { name: "deny.x.io", ...creating("configmaps"), ...when("... [] bad expression") }),
      /compilation failed/,
    );
    await rig[sort]("a", { name: "deny.x.io", ...creating("configmaps"), ...when("object.a == 'b'") });
    const found = rig.server.world.get<any>(resource, "a");
    const { matchConditions } = found.webhooks[0];
    assert.deepEqual(matchConditions, [{ name: "c0", expression: "object.a == 'b'" }]);
  });
