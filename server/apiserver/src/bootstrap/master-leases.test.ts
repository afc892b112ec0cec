/** Servers that share a store are all endpoints of the Service `kubernetes`, for as long as they say that they serve. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "@knarr/std/clock.ts";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";
import { EtcdStore } from "@knarr/store/drivers/etcd.ts";
import { skipEtcd as skip, TestEtcd } from "@knarr/store/testing/etcd.ts";
import { keepMasterLease } from "./master-leases.ts";

test(
  "keepMasterLease tells of all servers there are, and takes its own entry away when it ends",
  { skip },
  async () => {
    await using etcd = await TestEtcd.start();
    await using store = await EtcdStore.open({ endpoints: [etcd.endpoint] });
    const clock = new FakeClock();
    const stops = [new AbortController(), new AbortController()];
    const seen: string[] = [];
    const start = (address: string, { signal }: AbortController) =>
      keepMasterLease(
        {
          store,
          address,
          marks: { "signing key": "1" },
          clock,
          publish: async (addresses) => void seen.push(`${address}: ${addresses.join(" ")}`),
          onError: assert.fail,
        },
        signal,
      );
    const one = await start("10.0.0.1", stops[0]!);
    const other = await start("10.0.0.2", stops[1]!);
    stops[1]!.abort();
    await other.running;
    clock.advance(10_000);
    while (seen.length < 3) await new Promise(setImmediate);
    assert.deepEqual(seen, ["10.0.0.1: 10.0.0.1", "10.0.0.2: 10.0.0.1 10.0.0.2", "10.0.0.1: 10.0.0.1"]);
    stops[0]!.abort();
    await one.running;
    assert.equal((await store.list("/registry/masterleases/")).entries.length, 0);
  },
);

test("keepMasterLease refuses to serve beside a server whose keys are others, and leaves nothing", async () => {
  await using store = new MemoryStore();
  const start = (address: string, marks: Record<string, string>) =>
    keepMasterLease(
      { store, address, marks, clock: new FakeClock(), publish: async () => {}, onError: assert.fail },
      AbortSignal.abort(),
    );
  await store.put("/registry/masterleases/10.0.0.9", Buffer.from("k8s\0of upstream's"), 0);
  const marks = { "signing key": "1", authority: "2" };
  const entry = { metadata: { annotations: { "knarr.internal/marks": JSON.stringify(marks) } } };
  await store.put("/registry/masterleases/10.0.0.1", Buffer.from(JSON.stringify(entry)), 0);
  await assert.rejects(
    start("10.0.0.2", { "signing key": "1", authority: "3" }),
    /^Error: Cannot serve beside the server at 10\.0\.0\.1: its authority is another one, .*Put its certificates and keys here first/,
  );
  await (
    await start("10.0.0.3", marks)
  ).running;
  const { entries } = await store.list("/registry/masterleases/");
  assert.deepEqual(
    entries.map(({ key }) => key.split("/").at(-1)),
    ["10.0.0.1", "10.0.0.9"],
  );
});
