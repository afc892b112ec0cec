/** The server's own priority levels and flow schemas: there from the start, and right again whatever happens to them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { flowSchema } from "@knarr/kinds/flowcontrol/flow-schema.ts";
import { priorityLevelConfiguration } from "@knarr/kinds/flowcontrol/priority-level-configuration.ts";
import type { FlowSchema } from "@knarr/kinds/generated/flowcontrol-v1.ts";
import { startTestServer, type TestServer } from "../testing/server.ts";

const AUTO_UPDATE = "apf.kubernetes.io/autoupdate-spec";

/** Resolves with the schema as soon as it is as `isWanted`. */
async function becomes(
  { server }: TestServer,
  name: string,
  isWanted: (schema: FlowSchema) => boolean,
): Promise<FlowSchema> {
  for (;;) {
    const schema = server.world.get(flowSchema, name);
    if (schema && isWanted(schema)) return schema;
    await new Promise(setImmediate);
  }
}

const danglingOf = ({ status }: FlowSchema) =>
  status?.conditions?.find(({ type }) => type === "Dangling")?.status;

test("a server has levels and schemas from its start, none of which dangles", async () => {
  await using rig = await startTestServer();
  const { items } = await rig.api.list(flowSchema);
  assert.equal(items.length, 11);
  assert.equal((await rig.api.list(priorityLevelConfiguration)).items.length, 8);
  assert.deepEqual(new Set(items.map(danglingOf)), new Set(["False"]));
});

test("what is deleted comes back, what is changed stays changed and says so", async () => {
  await using rig = await startTestServer();
  await rig.api.delete(flowSchema, "probes");
  await becomes(rig, "probes", ({ metadata }) => metadata.annotations?.[AUTO_UPDATE] === "true");

  await rig.api.patch(flowSchema, "service-accounts", {
    metadata: { annotations: { [AUTO_UPDATE]: null } },
    spec: { matchingPrecedence: 9001 },
  });
  const schema = await becomes(
    rig,
    "service-accounts",
    ({ metadata }) => metadata.annotations?.[AUTO_UPDATE] === "false",
  );
  assert.equal(schema.spec?.matchingPrecedence, 9001);
});

test("a schema whose level goes dangles, until the level is there", async () => {
  await using rig = await startTestServer();
  const rules = [
    {
      subjects: [{ kind: "User", user: { name: "u" } }],
      nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
    },
  ];
  await rig.api.create(flowSchema, {
    metadata: { name: "mine" },
    spec: { priorityLevelConfiguration: { name: "mine" }, rules },
  });
  await becomes(rig, "mine", (schema) => danglingOf(schema) === "True");
  await rig.api.create(priorityLevelConfiguration, {
    metadata: { name: "mine" },
    spec: { type: "Limited", limited: { limitResponse: { type: "Reject" } } },
  });
  await becomes(rig, "mine", (schema) => danglingOf(schema) === "False");
});
