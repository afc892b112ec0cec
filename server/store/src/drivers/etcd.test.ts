/** The etcd driver keeps every promise of a store, with the etcd that Debian has and with a newer one; and what only a shared store promises. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { realClock } from "@knarr/std/clock.ts";
import { testStore } from "../conformance.ts";
import { compactOnce, COMPACT_KEY } from "../etcd/compaction.ts";
import { EtcdConnection } from "../etcd/connection.ts";
import { rangeOf } from "../etcd/keys.ts";
import { leaseRevoke, range } from "../etcd/rpc.ts";
import {
  Compacted,
  OutcomeUnknown,
  RevisionChanged,
  StoreUnavailable,
  type Change,
  type Store,
} from "../store.ts";
import { BreakableProxy } from "../testing/breakable-proxy.ts";
import { openPlace } from "../testing/etcd-place.ts";
import { programs, skipEtcd, TestEtcd } from "../testing/etcd.ts";
import { openStore } from "./drivers.ts";
import { EtcdStore } from "./etcd.ts";

const skip = skipEtcd;
const open = (...endpoints: string[]): Promise<Store> => EtcdStore.open({ endpoints });

for (const program of programs) {
  let etcd: TestEtcd;
  before(async () => (etcd = await TestEtcd.start({ program })));
  after(() => etcd[Symbol.asyncDispose]());
  const newPlace = async (): Promise<string> => `${etcd.endpoint}#${await etcd.clear()}`;
  testStore({
    driver: `etcd (${program})`,
    open: async () => openPlace(await newPlace()),
    persistent: {
      newPlace,
      openAt: openPlace,
      writer: new URL("../testing/etcd-writer.ts", import.meta.url),
    },
  });
}

test(
  "EtcdStores of one etcd: what one has acknowledged, the other has as soon as it asks",
  { skip },
  async () => {
    await using etcd = await TestEtcd.start();
    await using one = await openStore(`etcd://${etcd.endpoint}`);
    await using other = await open(etcd.endpoint);
    const stop = new AbortController();
    const seen = new Set<string>();
    const watching = (async () => {
      for await (const batch of other.watch("/", other.revision, stop.signal))
        for (const { entry } of batch) seen.add(`${entry.key}@${entry.revision}`);
    })();
    for (let i = 0; i < 20; i++) {
      const { revision } = await one.put(`/${i}`, Buffer.from("1"), 0);
      const latest = await other.latest();
      assert.ok(latest >= revision);
      // A write of its own is acknowledged when all before it has come by.
      await other.put(`/other/${i}`, Buffer.from("1"), 0);
      await new Promise(setImmediate); // the watch's own turn
      assert.ok(seen.has(`/${i}@${revision}`));
    }
    await assert.rejects(other.put("/0", Buffer.from("2"), 0), RevisionChanged);
    stop.abort();
    await watching;
  },
);

test("EtcdStore makes a write once, and says so, when connections break under it", { skip }, async () => {
  await using etcd = await TestEtcd.start();
  await using proxy = await BreakableProxy.to(etcd.endpoint);
  await using store = await open(proxy.endpoint);
  const stop = new AbortController();
  const changes: Change[] = [];
  const watching = (async () => {
    for await (const batch of store.watch("/", store.revision, stop.signal)) changes.push(...batch);
  })();
  const writer = async (name: string): Promise<void> => {
    let revision = 0;
    for (let i = 0; i < 20; i++) {
      // Broken before it was sent, or after: nobody here can tell.
      if (i % 8 === 3) setImmediate(() => proxy.break());
      if (i % 8 === 7) {
        proxy.deafen();
        setTimeout(() => proxy.break(), 20);
      }
      if (i % 10 === 9) {
        await store.delete(name, revision);
        revision = 0;
      } else revision = (await store.put(name, Buffer.from(`${name} ${i}`), revision)).revision;
    }
  };
  await Promise.all(["/a", "/b", "/c"].map(writer));
  await new Promise(setImmediate); // the watch's own turn
  stop.abort();
  await watching;
  for (const name of ["/a", "/b", "/c"]) {
    const made = changes.filter(({ entry }) => entry.key === name);
    assert.deepEqual(
      made.map(({ type, entry }) => `${type} ${entry.value}`),
      Array.from({ length: 20 }, (_, i) => (i % 10 === 9 ? `delete ${name} ${i - 1}` : `put ${name} ${i}`)),
    );
  }
});

test(
  "EtcdStore knows that it has made what another has changed or deleted before it was told",
  { skip },
  async () => {
    await using etcd = await TestEtcd.start();
    await using proxy = await BreakableProxy.to(etcd.endpoint);
    await using store = await open(proxy.endpoint);
    await using other = await open(etcd.endpoint);
    await store.put("/first", Buffer.from("1"), 0); // marks have their lease
    /** Begins a write whose answer is lost, and says when the other has seen it made. */
    const unanswered = async (key: string, value: string, expected: number) => {
      const stop = new AbortController();
      const changes = other.watch(key, other.revision, stop.signal);
      proxy.deafen();
      const writing = store.put(key, Buffer.from(value), expected);
      for await (const [change] of changes) {
        stop.abort();
        return { writing, made: change!.entry.revision };
      }
      throw new Error("The watch ended");
    };
    const created = await unanswered("/a", "1", 0);
    await other.delete("/a", created.made);
    await other.put("/a", Buffer.from("2"), 0);
    proxy.break();
    assert.equal((await created.writing).revision, created.made);

    const gone = await unanswered("/gone", "1", 0);
    await other.delete("/gone", gone.made);
    proxy.break();
    assert.equal((await gone.writing).revision, gone.made);
    assert.equal(await other.get("/gone"), undefined);

    const { revision } = (await store.get("/a"))!;
    const changed = await unanswered("/a", "3", revision);
    const last = await other.put("/a", Buffer.from("4"), changed.made);
    proxy.break();
    assert.equal((await changed.writing).revision, changed.made);
    // And one that was not made is refused.
    const refused = store.put("/a", Buffer.from("5"), revision);
    await assert.rejects(
      refused,
      (err) => err instanceof RevisionChanged && err.current?.revision === last.revision,
    );
  },
);

/** A write of each sort to a key that is there, or not. */
const sorts: Readonly<
  Record<string, { readonly isThere: boolean; write(store: Store, revision: number): Promise<unknown> }>
> = {
  create: { isThere: false, write: (store) => store.put("/it", Buffer.from("new"), 0) },
  update: { isThere: true, write: (store, revision) => store.put("/it", Buffer.from("new"), revision) },
  delete: { isThere: true, write: (store, revision) => store.delete("/it", revision) },
};

for (const [name, { isThere, write }] of Object.entries(sorts)) {
  test(
    `EtcdStore does not take the same ${name} by another server for its own, and what was on the way stays without effect`,
    { skip },
    async () => {
      await using etcd = await TestEtcd.start();
      await using proxy = await BreakableProxy.to(etcd.endpoint);
      await using store = await open(proxy.endpoint);
      await using other = await open(etcd.endpoint);
      await store.put("/first", Buffer.from("1"), 0); // marks have their lease
      const { revision } = isThere ? await store.put("/it", Buffer.from("old"), 0) : { revision: 0 };

      const onItsWay = new Promise<void>((resolve) =>
        proxy.hold((data) => {
          if (data.includes("/it")) resolve();
        }),
      );
      const late = write(store, revision);
      await onItsWay;
      await write(other, revision);
      const arrive = proxy.break();
      await assert.rejects(late, RevisionChanged);

      const now = await other.get("/it");
      if (now) await other.delete("/it", now.revision);
      const handled = await etcd.transactions();
      arrive();
      while ((await etcd.transactions()) === handled);
      assert.equal(await other.get("/it"), undefined);
    },
  );
}

test(
  "EtcdStore knows that it has deleted what was last written before the past that is kept, when the answer is lost",
  { skip },
  async () => {
    await using etcd = await TestEtcd.start();
    await using proxy = await BreakableProxy.to(etcd.endpoint);
    await using store = await open(proxy.endpoint);
    const { revision } = await store.put("/old", Buffer.from("1"), 0);
    await store.put("/new", Buffer.from("1"), 0);
    await store.compact(store.revision);
    proxy.deafen();
    setTimeout(() => proxy.break(), 50);
    const { type, entry } = await store.delete("/old", revision);
    assert.deepEqual([type, entry.key, String(entry.value)], ["delete", "/old", "1"]);
  },
);

test(
  "EtcdStore goes on watching where it was when etcd has been killed, and writes wait for it",
  { skip },
  async () => {
    await using etcd = await TestEtcd.start();
    await using store = await open(etcd.endpoint);
    const stop = new AbortController();
    const changes: Change[] = [];
    const watching = (async () => {
      for await (const batch of store.watch("/", store.revision, stop.signal)) changes.push(...batch);
    })();
    await store.put("/a", Buffer.from("1"), 0);
    await etcd.kill();
    const waiting = store.put("/b", Buffer.from("1"), 0);
    await etcd.start();
    {
      await using other = await open(etcd.endpoint);
      await other.put("/c", Buffer.from("1"), 0);
    }
    await waiting;
    await store.put("/d", Buffer.from("1"), 0);
    await new Promise(setImmediate); // the watch's own turn
    stop.abort();
    await watching;
    assert.deepEqual(changes.map(({ entry }) => entry.key).sort(), ["/a", "/b", "/c", "/d"]);
  },
);

test(
  "EtcdStore says that nobody knows of a write that etcd has not answered, and does not send those that come when it is lost",
  { skip },
  async () => {
    await using etcd = await TestEtcd.start();
    const told: boolean[] = [];
    const onTrouble = (trouble: string | undefined): void => void told.push(trouble !== undefined);
    await using store = await EtcdStore.open({ endpoints: [etcd.endpoint], patienceMs: 2000, onTrouble });
    await store.put("/first", Buffer.from("1"), 0); // marks have their lease
    await etcd.pause();
    await assert.rejects(store.put("/a", Buffer.from("1"), 0), OutcomeUnknown);
    assert.match(store.trouble!, /^etcd \(127\.0\.0\.1:\d+\) does not answer: /);
    const lost = await store.put("/b", Buffer.from("1"), 0).catch((err: Error) => err);
    assert.ok(lost instanceof StoreUnavailable && !(lost instanceof OutcomeUnknown));
    etcd.resume();
    await store.put("/c", Buffer.from("1"), 0);
    assert.deepEqual([store.trouble, told], [undefined, [true, false]]);
    assert.equal(await store.get("/b"), undefined);
  },
);

test("EtcdStore ends watches with an error when what they missed is compacted", { skip }, async () => {
  await using etcd = await TestEtcd.start();
  await using proxy = await BreakableProxy.to(etcd.endpoint);
  await using store = await open(proxy.endpoint);
  const watching = (async () => {
    for await (const _batch of store.watch("/", store.revision, AbortSignal.timeout(10_000)));
  })();
  proxy.deafen();
  await using other = await open(etcd.endpoint);
  for (let i = 0; i < 5; i++) await other.put(`/${i}`, Buffer.from("1"), 0);
  await other.compact(other.revision);
  proxy.break();
  await assert.rejects(watching, /revisions 2 to 6 of etcd are compacted/);
});

test(
  "EtcdStore uses another member when one does not answer, and says when none does",
  { skip },
  async () => {
    await using etcd = await TestEtcd.start();
    await using proxy = await BreakableProxy.to(etcd.endpoint);
    const gone = proxy.endpoint;
    await proxy[Symbol.asyncDispose]();
    await using store = await open(gone, etcd.endpoint);
    await store.put("/a", Buffer.from("1"), 0);
    assert.equal((await store.list("/")).entries.length, 1);
  },
);

test(
  "compactOnce: of several servers one forgets, as old as it has last seen, and all learn of it",
  { skip },
  async () => {
    await using etcd = await TestEtcd.start();
    await using store = await open(etcd.endpoint);
    using connection = new EtcdConnection({ endpoints: [etcd.endpoint] }, realClock);
    const none = { time: 0, revision: 0 };
    let one = await compactOnce(connection, none);
    assert.deepEqual(one, { time: 1, revision: 2 }); // the first look forgets nothing
    const other = await compactOnce(connection, none);
    assert.deepEqual(other, { time: 1, revision: 2 });
    for (let i = 0; i < 3; i++) await store.put(`/${i}`, Buffer.from("1"), 0);
    one = await compactOnce(connection, one);
    assert.deepEqual(one, { time: 2, revision: 6 });
    await store.put("/4", Buffer.from("1"), 0);
    assert.equal(store.compacted, 2);
    assert.deepEqual(await compactOnce(connection, other), { time: 2, revision: 7 }); // has lost
    await using late = await open(etcd.endpoint);
    assert.equal(late.compacted, 2);
    await assert.rejects(late.list("/", { revision: 1 }), Compacted);
    const { kvs } = await connection.read(range, { key: Buffer.from(COMPACT_KEY) });
    assert.equal(String(kvs[0]?.value), "2");
  },
);

test(
  "EtcdStore writes what ends by itself under leases, one for many, and without one when it shall stay",
  { skip },
  async () => {
    await using etcd = await TestEtcd.start();
    await using store = await open(etcd.endpoint);
    using connection = new EtcdConnection({ endpoints: [etcd.endpoint] }, realClock);
    const leaseOf = async (key: string) =>
      (await connection.read(range, { key: Buffer.from(key) })).kvs[0]!.lease;
    const { revision } = await store.put("/a", Buffer.from("1"), 0, { seconds: 3600 });
    await store.put("/b", Buffer.from("1"), 0, { seconds: 3600 });
    await store.put("/c", Buffer.from("1"), 0);
    assert.ok((await leaseOf("/a")) > 0);
    assert.deepEqual([await leaseOf("/b"), await leaseOf("/c")], [await leaseOf("/a"), 0]);
    await store.put("/a", Buffer.from("2"), revision);
    assert.equal(await leaseOf("/a"), 0);
  },
);

test("EtcdStore writes on when somebody has ended its marks, and their lease", { skip }, async () => {
  await using etcd = await TestEtcd.start();
  await using store = await open(etcd.endpoint);
  using connection = new EtcdConnection({ endpoints: [etcd.endpoint] }, realClock);
  const { revision } = await store.put("/a", Buffer.from("1"), 0);
  const { kvs } = await connection.read(range, rangeOf("knarr/marks/"));
  assert.equal(kvs.length, 1);
  await connection.read(leaseRevoke, { id: kvs[0]!.lease });
  assert.deepEqual((await connection.read(range, rangeOf("knarr/marks/"))).kvs, []);
  await store.put("/a", Buffer.from("2"), revision);
  assert.equal(String((await store.get("/a"))!.value), "2");
});

test("EtcdStore says what is wrong with a value that etcd does not take", { skip }, async () => {
  await using etcd = await TestEtcd.start();
  await using store = await open(etcd.endpoint);
  await assert.rejects(store.put("/a", Buffer.alloc(9_000_000), 0), /--max-request-bytes/);
  await store[Symbol.asyncDispose]();
  await assert.rejects(store.put("/a", Buffer.from("1"), 0), StoreUnavailable);
});

const noOpenssl = spawnSync("openssl", ["version"]).status === 0 ? false : "needs openssl";

test(
  "EtcdStore shows its certificate, and checks etcd's for the address it called",
  { skip: skip || noOpenssl },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "knarr-etcd-pki-"));
    try {
      const { ca, certificate, key, flags } = certificatesIn(folder);
      const tls = { ca, certificate, key };
      await using etcd = await TestEtcd.start({ flags, tls });
      await using store = await openStore(`etcd://${etcd.endpoint}`, { tls });
      await store.put("/a", Buffer.from("1"), 0);
      const { port } = new URL(`tcp://${etcd.endpoint}`);
      // The certificate is for 127.0.0.1 alone.
      await assert.rejects(
        openStore(`etcd://localhost:${port}`, { tls }),
        /does not match certificate's altnames/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

/** An authority and one certificate of it for 127.0.0.1, and what makes etcd use and want it. */
function certificatesIn(folder: string) {
  const openssl = (...words: string[]): void =>
    assert.equal(spawnSync("openssl", words, { cwd: folder }).status, 0);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
  openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=ca");
  const names = ["-subj", "/CN=etcd", "-addext", "subjectAltName=IP:127.0.0.1"];
  const signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-addext", "basicConstraints=critical,CA:FALSE"];
  openssl("req", "-x509", ...key, ...signed, "-keyout", "etcd.key", "-out", "etcd.crt", ...names);
  const path = (name: string): string => join(folder, name);
  return {
    ca: readFileSync(path("ca.crt")),
    certificate: readFileSync(path("etcd.crt")),
    key: readFileSync(path("etcd.key")),
    flags: [
      `--cert-file=${path("etcd.crt")}`,
      `--key-file=${path("etcd.key")}`,
      `--trusted-ca-file=${path("ca.crt")}`,
      "--client-cert-auth",
    ],
  };
}
