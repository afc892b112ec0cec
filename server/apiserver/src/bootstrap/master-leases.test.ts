/** Servers that share a store are all endpoints of the Service `kubernetes`, for as long as they say that they serve. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "@knarr/std/clock.ts";
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
