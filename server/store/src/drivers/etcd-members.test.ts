/** The etcd driver over several members: what happens to one of them happens to nobody else. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { OutcomeUnknown, StoreUnavailable, type Change, type Store } from "../store.ts";
import { EtcdMembers } from "../testing/etcd-members.ts";
import { skipEtcd as skip, type TestEtcd } from "../testing/etcd.ts";
import { EtcdStore } from "./etcd.ts";

/** What a watch has told until it is stopped. */
function watched(store: Store) {
  const stop = new AbortController();
  const changes: Change[] = [];
  const watching = (async () => {
    for await (const batch of store.watch("/", store.revision, stop.signal)) changes.push(...batch);
  })();
  watching.catch(() => {}); // said by `ended`
  return {
    async ended(): Promise<readonly string[]> {
      await new Promise(setImmediate); // the watch's own turn
      stop.abort();
      await watching;
      return changes.map(({ entry }) => `${entry.key} ${entry.value}`);
    },
  };
}

/** Of an update that a member was asked for and did not answer nobody knows until it is read. */
async function put(store: Store, what: string, expected: number): Promise<number> {
  const [key = "", value = ""] = what.split(" ");
  try {
    return (await store.put(key, Buffer.from(value), expected)).revision;
  } catch (err) {
    assert.ok(err instanceof OutcomeUnknown && expected > 0);
    const entry = (await store.get(key))!;
    assert.equal(String(entry.value), value, "it had been made");
    return entry.revision;
  }
}

/** Writes one key so often, each time after the last; calls `midway` in the middle. Answers with what was acknowledged. */
async function written(store: Store, key: string, midway: () => Promise<void>): Promise<string[]> {
  const made: string[] = [];
  let revision = 0;
  for (let i = 0; i < 20; i++) {
    if (i === 10) await midway();
    const value = `${i}`;
    revision = await put(store, `${key} ${value}`, revision);
    made.push(`${key} ${value}`);
  }
  return made;
}

const harm: Readonly<Record<string, [(one: TestEtcd) => Promise<void>, (one: TestEtcd) => Promise<void>]>> = {
  "is killed": [(one) => one.kill(), (one) => one.start()],
  "hangs (SIGSTOP)": [async (one) => one.pause(), async (one) => one.resume()],
};

for (const [what, [begin, end]] of Object.entries(harm)) {
  test(
    `EtcdStore writes and watches on when the leader, which it talks to, ${what}`,
    { skip, timeout: 60_000 },
    async () => {
      await using etcd = await EtcdMembers.start();
      const leader = await etcd.leader();
      const others = etcd.members.filter((one) => one !== leader);
      const endpoints = [leader, ...others].map(({ endpoint }) => endpoint);
      await using store = await EtcdStore.open({ endpoints });
      const watch = watched(store);
      let harmed: Promise<void> | undefined;
      const made = await Promise.all(
        ["/a", "/b", "/c"].map((key) => written(store, key, () => (harmed ??= begin(leader)))),
      );
      await end(leader);
      const seen = await watch.ended();
      for (const keys of made)
        assert.deepEqual(
          seen.filter((one) => one.startsWith(keys[0]!.slice(0, 3))),
          keys,
        );
    },
  );
}

test(
  "EtcdStore refuses while most members hang, and goes on without a gap when they are back",
  { skip, timeout: 60_000 },
  async () => {
    await using etcd = await EtcdMembers.start();
    await using store = await EtcdStore.open({ endpoints: etcd.endpoints, patienceMs: 2000 });
    const watch = watched(store);
    await store.put("/before", Buffer.from("1"), 0);
    const most = etcd.members.slice(1);
    for (const member of most) member.pause();
    await assert.rejects(store.put("/meanwhile", Buffer.from("1"), 0), OutcomeUnknown);
    await assert.rejects(store.get("/before"), StoreUnavailable);
    assert.match(store.trouble!, /does not answer/);
    for (const member of most) member.resume();
    let isBack = false;
    while (!isBack) {
      isBack = await store.latest().then(
        () => true,
        (err: unknown) => {
          assert.ok(err instanceof StoreUnavailable);
          return false;
        },
      );
    }
    assert.equal(store.trouble, undefined);
    const { revision } = await store.put("/after", Buffer.from("1"), 0);
    // Nobody knew of the one in between: it is there and was told, or neither.
    const kept = (await store.list("/", { revision })).entries.map(({ key, value }) => `${key} ${value}`);
    assert.deepEqual((await watch.ended()).toSorted(), kept);
    assert.ok(kept.includes("/before 1") && kept.includes("/after 1"));
  },
);
