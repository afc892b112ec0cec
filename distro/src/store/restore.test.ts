/** A backup made under write load and put in the store's place: what clients find, who had seen what came after it. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
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
import { restoreBackup, storeBackup } from "./backup.ts";
import { storeCheck } from "./check.ts";
import { openClusterStore } from "./open-cluster-store.ts";

const folder = mkdtempSync(join(tmpdir(), "knarr-restore-"));
after(() => rmSync(folder, { recursive: true }));
const configOf = (machine: string) => readConfig(["--data-dir", join(folder, machine)]).config;
const ADMIN = { name: "admin", groups: ["system:masters"] };
const NOW = new Date("2026-11-29T12:00:00Z");

/** Runs `work` with a server of the machine's store. */
async function served<T>(
  config: ReturnType<typeof configOf>,
  work: (parts: {
    store: Awaited<ReturnType<typeof openClusterStore>>;
    api: ReturnType<typeof createApi>;
    transport: ReturnType<Awaited<ReturnType<typeof createApiServer>>["inProcess"]>;
  }) => Promise<T>,
): Promise<T> {
  mkdirSync(dirname(paths(config).keyFile), { recursive: true });
  await using store = await openClusterStore(config);
  await using server = await createApiServer({ store });
  const transport = server.inProcess(ADMIN, "test");
  return await work({ store, transport, api: createApi(transport) });
}

test("a restored store has what the backup has; revisions of what came after it are gone and never come again", async () => {
  const config = configOf("same");
  const backup = join(folder, "backup.db");
  const seen = await served(config, async ({ store, api }) => {
    await api.create(secret, { metadata: { name: "s", namespace: "default" }, data: { a: "YQ==" } });
    const writing = Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        api.create(configMap, { metadata: { name: `c-${i}`, namespace: "default" } }),
      ),
    );
    await storeBackup(store, [backup]);
    await writing;
    await api.create(configMap, { metadata: { name: "later", namespace: "default" } });
    return (await api.list(configMap, { namespace: "default" })).metadata!.resourceVersion!;
  });
  const { revision } = await restoreBackup(config, backup, NOW);
  assert.ok(revision > Number(seen));
  await served(config, async ({ store, api, transport }) => {
    assert.deepEqual((await storeCheck(store, [], () => {})).problems, []);
    assert.deepEqual((await api.get(secret, "default/s")).data, { a: "YQ==" });
    const { items, metadata } = await api.list(configMap, { namespace: "default" });
    assert.ok(items.every(({ metadata: { name } }) => name !== "later"));
    assert.ok(Number(metadata!.resourceVersion) >= revision);
    const watch = transport.watch(configMap, {}, seen, AbortSignal.timeout(10_000))[Symbol.asyncIterator]();
    await assert.rejects(watch.next(), (err) => err instanceof ApiError && err.code === 410);
    const path = "/api/v1/namespaces/default/configmaps";
    const exact = { resourceVersion: seen, resourceVersionMatch: "Exact" };
    await assert.rejects(
      transport.request({ method: "GET", path, query: exact }),
      (err) => err instanceof ApiError && err.code === 410,
    );
    const made = await api.create(configMap, { metadata: { name: "again", namespace: "default" } });
    assert.ok(Number(made.metadata.resourceVersion) > revision);
  });
});

test("a store that cannot be opened any more is restored beyond every revision it can have had", async () => {
  const config = configOf("damaged");
  const backup = join(folder, "damaged.db");
  await served(config, ({ store }) => storeBackup(store, [backup]));
  for (let time = 1; time <= 2; time++) {
    writeFileSync(paths(config).database, "no database\n".repeat(1000));
    const now = new Date(NOW.getTime() + time * 60_000);
    const { revision, aside } = await restoreBackup(config, backup, now);
    assert.ok(revision > now.getTime());
    assert.ok(aside);
    await served(config, async ({ store }) => assert.ok(store.revision >= revision));
  }
});

test("another machine's store is refused without that machine's key file, and the machine's own is kept", async () => {
  const backup = join(folder, "moved.db");
  await served(configOf("old"), ({ store }) => storeBackup(store, [backup]));
  const config = configOf("new");
  await served(config, ({ api }) =>
    api.create(configMap, { metadata: { name: "mine", namespace: "default" } }),
  );
  await assert.rejects(restoreBackup(config, backup, NOW), /it wants the key file .* with the id/);
  await served(config, async ({ api }) => assert.ok(await api.get(configMap, "default/mine")));
});
