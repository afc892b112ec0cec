/** A cluster that moves from a file to etcd and back: the same objects, and no client that takes old revisions for new ones. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { MASTER_LEASES } from "@knarr/apiserver/cache/store-keys.ts";
import { createApiServer } from "@knarr/apiserver/server.ts";
import type { Transport } from "@knarr/client/transport.ts";
import { isNotFound } from "@knarr/machinery/status.ts";
import { goOnAfter, openStore } from "@knarr/store/drivers/drivers.ts";
import { programs, skipEtcd as skip, TestEtcd } from "@knarr/store/testing/etcd.ts";
import { readConfig, type Config } from "../config.ts";
import { datastoreAddress } from "../datastore.ts";
import { copyStore } from "./copy.ts";
import { openClusterStore } from "./open-cluster-store.ts";
import { raiseStore } from "./raise.ts";

const folder = mkdtempSync(join(tmpdir(), "knarr-copy-"));
after(() => rmSync(folder, { recursive: true }));
let places = 0;
const newFile = (): string => `sqlite://${join(folder, `${++places}.db`)}`;
const configOf = (address: string): Config =>
  readConfig([
    ...[`--datastore-endpoint=${address}`, `--data-dir=${folder}`, `--run-dir=${join(folder, "run")}`],
    "--node-ip=192.0.2.1",
  ]).config;

/** The cluster at an address, while `work` talks to it. */
async function served<T>(address: string, work: (transport: Transport) => Promise<T>): Promise<T> {
  await using store = await openClusterStore(configOf(address));
  await using server = await createApiServer({ store });
  return await work(server.inProcess({ name: "admin", groups: ["system:masters"] }));
}

const PLACE = "/api/v1/namespaces/default";
const metadata = { name: "a", namespace: "default" };
const written = {
  [`${PLACE}/configmaps`]: { kind: "ConfigMap", apiVersion: "v1", metadata, data: { n: "1" } },
  [`${PLACE}/secrets`]: { kind: "Secret", apiVersion: "v1", metadata, stringData: { n: "secret" } },
  [`${PLACE}/services`]: {
    ...{ kind: "Service", apiVersion: "v1", metadata },
    spec: { type: "NodePort", ports: [{ port: 80 }] },
  },
  [`${PLACE}/events`]: {
    kind: "Event",
    apiVersion: "v1",
    metadata,
    involvedObject: { namespace: "default" },
  },
  "/apis/apiextensions.k8s.io/v1/customresourcedefinitions": {
    ...{ kind: "CustomResourceDefinition", apiVersion: "apiextensions.k8s.io/v1" },
    metadata: { name: "boats.example.io" },
    spec: {
      group: "example.io",
      scope: "Namespaced",
      names: { plural: "boats", kind: "Boat" },
      versions: [
        { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } },
      ],
    },
  },
  "/apis/example.io/v1/namespaces/default/boats": { kind: "Boat", apiVersion: "example.io/v1", metadata },
};

/** A kind that was defined a moment ago is served a moment later. */
async function create(transport: Transport, path: string, body: object): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await transport.request({ method: "POST", path, body });
      return;
    } catch (err) {
      if (!(isNotFound(err) && tries < 100)) throw err;
      await new Promise(setImmediate);
    }
  }
}

/** What lists of these kinds have, but for revisions. */
async function objectsOf(transport: Transport): Promise<unknown> {
  const lists = Object.keys(written).map(async (path) => {
    const { body } = (await transport.request({ method: "GET", path })) as any;
    const { items } = structuredClone(body);
    for (const { metadata } of items) delete metadata.resourceVersion;
    return items;
  });
  return Promise.all(lists);
}

const revisionOf = async (transport: Transport): Promise<string> =>
  ((await transport.request({ method: "GET", path: `${PLACE}/configmaps` })) as any).body.metadata
    .resourceVersion;

const watchFrom = (transport: Transport, resourceVersion: string) =>
  transport.request({ method: "GET", path: `${PLACE}/configmaps`, query: { watch: "1", resourceVersion } });

test("copyStore moves a cluster to etcd and back, and old revisions are gone", { skip }, async () => {
  await using etcd = await TestEtcd.start();
  const [first, second, last] = [newFile(), `etcd://${etcd.endpoint}`, newFile()];
  let objects: unknown;
  const seen: string[] = [];
  await served(first, async (transport) => {
    for (const [path, body] of Object.entries(written)) await create(transport, path, body);
    objects = await objectsOf(transport);
    seen.push(await revisionOf(transport));
  });
  for (const [from, to] of [
    [first, second],
    [second, last],
  ] as const) {
    await copyStore(configOf(from), to);
    await served(to, async (transport) => {
      assert.deepEqual(await objectsOf(transport), objects);
      for (const revision of seen)
        await assert.rejects(watchFrom(transport, revision), { code: 410, reason: "Expired" });
      const now = await revisionOf(transport);
      assert.ok(Number(now) > Number(seen.at(-1)));
      seen.push(now);
    });
    await assert.rejects(copyStore(configOf(from), to), /a cluster is there already/);
  }
});

test(
  "copyStore refuses while anybody serves the etcd, and a copy that was ended is not used",
  { skip },
  async () => {
    await using etcd = await TestEtcd.start();
    const [file, address] = [newFile(), `etcd://${etcd.endpoint}`];
    await served(file, async () => {});
    {
      await using store = await openStore(address);
      const { revision } = await store.put(`${MASTER_LEASES}192.0.2.7`, Buffer.from("{}"), 0);
      for (const work of [copyStore, raiseStore])
        await assert.rejects(work(configOf(file), address), /is served \(by 192\.0\.2\.7\)/);
      await store.delete(`${MASTER_LEASES}192.0.2.7`, revision);
      await store.put("/registry/knarr.internal/copying/all", Buffer.from("{}"), 0);
      await store.put("/registry/configmaps/default/half", Buffer.from("{}"), 0);
    }
    await assert.rejects(
      served(address, async () => {}),
      /a copy that was ended before its time/,
    );
    await assert.rejects(copyStore(configOf(address), newFile()), /a copy that was ended before its time/);
    await copyStore(configOf(file), address);
    await using store = await openClusterStore(configOf(address));
    assert.equal(await store.get("/registry/configmaps/default/half"), undefined);
    assert.equal(datastoreAddress(configOf(address)), address);
  },
);

for (const program of programs) {
  test(
    `copyStore refuses an etcd that is far behind, and goes on after the old store when it was raised (${program})`,
    { skip },
    async () => {
      await using etcd = await TestEtcd.start({ program });
      const [file, address] = [newFile(), `etcd://${etcd.endpoint}`];
      await served(file, async () => {});
      const before = await etcd.revision();
      await goOnAfter(file, 1_000_000_000);
      await assert.rejects(
        copyStore(configOf(file), address),
        /9999\d{5} revisions behind.*`knarr store raise etcd:.*--bump-revision 9999\d{5} /,
      );
      assert.equal(await etcd.revision(), before);

      const near = newFile();
      await served(near, async () => {});
      await goOnAfter(near, 15_000);
      const reports: string[] = [];
      assert.ok((await raiseStore(configOf(near), address, (text) => reports.push(text))) >= 15_000);
      assert.match(
        reports.join(),
        /^at revision 10\d{3} of 15\d{3},at revision 15\d{3} of 15\d{3}, 0 minutes left$/,
      );
      const raised = await etcd.revision();
      const { revision } = await copyStore(configOf(near), address);
      assert.ok(raised >= 15_000 && revision > raised && revision < raised + 5_000);
      await served(address, (transport) =>
        assert.rejects(watchFrom(transport, "14999"), { code: 410, reason: "Expired" }),
      );
    },
  );
}

test("raiseStore names a file as what needs no raising", async () => {
  await assert.rejects(raiseStore(configOf(newFile()), newFile()), /only an etcd needs that/);
});

test("copyStore names a store that is not there, and one that would not stay", async () => {
  await assert.rejects(copyStore(configOf(newFile()), newFile()), /there is none/);
  await assert.rejects(copyStore(configOf(newFile()), "memory:"), /it would be gone/);
});
