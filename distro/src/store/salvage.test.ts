/** A cluster whose file a disk has damaged: what a salvage brings is served, and what is lost is told and harms nothing else. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { createApiServer } from "@knarr/apiserver/server.ts";
import { createApi } from "@knarr/client/create-api.ts";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { secret } from "@knarr/kinds/core/secret.ts";
import { ApiError } from "@knarr/machinery/status.ts";
import { readConfig } from "../config.ts";
import { paths } from "../paths.ts";
import { storeCheck } from "./check.ts";
import { storeDiscard } from "./discard.ts";
import { openClusterStore } from "./open-cluster-store.ts";
import { examineStore, losses, salvageStore } from "./salvage.ts";

const folder = mkdtempSync(join(tmpdir(), "knarr-salvage-"));
after(() => rmSync(folder, { recursive: true }));
const { config } = readConfig(["--data-dir", folder, "--run-dir", join(folder, "run")]);
const { database } = paths(config);
const PAGE = 4096;
const NOW = new Date("2026-11-29T12:00:00Z");
const LOST = "/registry/configmaps/default/c-77";

/** Runs `work` with a server of the store. */
async function served(
  work: (
    api: ReturnType<typeof createApi>,
    store: Awaited<ReturnType<typeof openClusterStore>>,
  ) => Promise<void>,
): Promise<void> {
  mkdirSync(dirname(paths(config).keyFile), { recursive: true });
  await using store = await openClusterStore(config);
  await using server = await createApiServer({ store });
  await work(createApi(server.inProcess({ name: "admin", groups: ["system:masters"] }, "test")), store);
}

test("a salvaged store serves what could be read, and says what is lost", async () => {
  let seen = 0;
  await served(async (api, store) => {
    await api.create(secret, { metadata: { name: "s", namespace: "default" }, data: { a: "YQ==" } });
    for (let i = 0; i < 100; i++)
      await api.create(configMap, {
        metadata: { name: `c-${i}`, namespace: "default" },
        data: { text: `text of ${i} ${"x".repeat(3000)}` },
      });
    seen = store.revision;
  });
  const page = PAGE * Math.floor(readFileSync(database).indexOf("text of 77 ") / PAGE);
  writeFileSync(database, readFileSync(database).fill(0xee, page, page + PAGE));

  await assert.rejects(
    served(async () => {}),
    /its content is damaged .*`knarr store salvage`/,
  );
  {
    await using store = await openClusterStore(config);
    assert.match((await storeCheck(store, [], () => {})).problems.at(-1)!, /its content is damaged/);
  }
  assert.deepEqual(losses(examineStore(config, NOW)!), ["Lost but for the name:", `  ${LOST}`]);
  const { lost, aside, revision } = salvageStore(config, NOW);
  assert.deepEqual(lost, [LOST]);
  assert.ok(aside?.endsWith("state.db.before-salvage-2026-11-29T120000Z"));
  assert.ok(revision > seen);
  assert.deepEqual(
    losses(examineStore(config, NOW)!),
    ["Lost but for the name:", `  ${LOST}`],
    "again the same",
  );

  await served(async (api, store) => {
    assert.deepEqual((await api.get(secret, "default/s")).data, { a: "YQ==" });
    assert.match((await api.get(configMap, "default/c-5")).data!["text"]!, /^text of 5 x/);
    for (const use of [api.get(configMap, "default/c-77"), api.list(configMap, { namespace: "default" })])
      await assert.rejects(use, (err) => err instanceof ApiError && err.code === 500);
    const { problems } = await storeCheck(store, [], () => {});
    assert.match(problems.at(-1)!, new RegExp(`Cannot read ${LOST} in the store: its value is lost`));
    await storeDiscard(store, [LOST]);
    await store.compact(store.revision);
    assert.deepEqual((await storeCheck(store, [], () => {})).problems, []);
  });
  await served(async (api) => {
    const { items, metadata } = await api.list(configMap, { namespace: "default" });
    assert.equal(items.filter(({ metadata }) => metadata.name!.startsWith("c-")).length, 99);
    assert.ok(Number(metadata!.resourceVersion) > revision);
  });
});
