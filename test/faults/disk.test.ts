/** The API while the store's disk is full or hangs: writes are refused with a Status that says so, reads and watches go on, and all is well by itself afterwards. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createApiServer } from "@knarr/apiserver/server.ts";
import { startSecureServer, type SecureServer } from "@knarr/apiserver/testing/secure-server.ts";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { FakeClock } from "@knarr/std/clock.ts";
import { SqliteStore } from "@knarr/store/drivers/sqlite.ts";
import { canMakeDisks, TestDisk } from "@knarr/store/testing/disk.ts";

const options = { skip: canMakeDisks ? false : "needs root to make a small disk", timeout: 60_000 };
const COLLECTION = "/api/v1/namespaces/default/configmaps";

const create = async (server: SecureServer, name: string, size = 0) => {
  const body = JSON.stringify({ metadata: { name }, data: { filling: "x".repeat(size) } });
  const {
    code,
    headers,
    body: answer,
  } = await server.get(COLLECTION, { "content-type": "application/json" }, { method: "POST", body });
  return { code, retryAfter: headers["retry-after"], status: JSON.parse(answer.toString()) };
};

/** Follows all ConfigMaps there will be, until it has seen `last`. */
async function namesUntil(server: SecureServer, last: string): Promise<string[]> {
  const names: string[] = [];
  const stop = new AbortController();
  const { metadata } = await server.api.list(configMap, { namespace: "default" });
  for await (const batch of server.transport.watch(
    configMap,
    { namespace: "default" },
    metadata!.resourceVersion!,
    stop.signal,
  )) {
    for (const { type, object } of batch) if (type === "ADDED") names.push(object.metadata.name!);
    if (names.at(-1) === last) return names;
  }
  throw new Error(`The watch ended before it saw ${last}`);
}

async function isReady(server: SecureServer): Promise<boolean[]> {
  const codes = await Promise.all(["/livez", "/readyz"].map(async (path) => (await server.get(path)).code));
  return codes.map((code) => code === 200);
}

test(
  "on a full disk writes get 503 and when to come again, reads and watches go on, and it recovers by itself",
  options,
  async () => {
    using disk = new TestDisk({ megabytes: 32 });
    let recovered: (() => void) | undefined;
    await using store = await SqliteStore.open({
      path: join(disk.path, "state.db"),
      onTrouble: (trouble) => trouble === undefined && recovered?.(),
    });
    await using server = await startSecureServer({ store });
    const seen = namesUntil(server, "last");
    const made: string[] = [];
    disk.fill();
    for (let refused = 0; refused < 3;) {
      const name = `c-${made.length}-${refused}`;
      const { code, retryAfter, status } = await create(server, name, 200_000);
      if (code === 201) made.push(name);
      else {
        refused++;
        const { message, ...rest } = status;
        assert.match(message, /^Cannot write to the store .*: no space is left on its disk\. Free some$/);
        assert.deepEqual(rest, {
          ...{ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", code: 503 },
          ...{ reason: "ServiceUnavailable", details: { retryAfterSeconds: 1 } },
        });
        assert.deepEqual([code, retryAfter], [503, "1"]);
      }
    }
    assert.deepEqual(await isReady(server), [true, false]);
    const { items } = JSON.parse((await server.get(COLLECTION)).body.toString());
    assert.deepEqual(items.map(({ metadata }: any) => metadata.name).sort(), made.toSorted());

    // Starting anew helps nothing, and harms nothing either.
    await (await createApiServer({ store }))[Symbol.asyncDispose]();

    const isWell = new Promise<void>((resolve) => (recovered = resolve));
    disk.empty();
    await isWell;
    assert.deepEqual(await isReady(server), [true, true]);
    assert.equal((await create(server, "last", 200_000)).code, 201);
    assert.deepEqual(await seen, [...made, "last"]);
    assert.deepEqual(await store.check(), []);
  },
);

test(
  "while the disk hangs writes get 504, then 503 at once; what happened all the same is seen when it goes on",
  options,
  async () => {
    using disk = new TestDisk({ megabytes: 32 });
    const clock = new FakeClock();
    await using store = await SqliteStore.open({ path: join(disk.path, "state.db"), clock });
    await using server = await startSecureServer({ store });
    const seen = namesUntil(server, "last");
    try {
      disk.freeze();
      const waiting = create(server, "stuck");
      let isAnswered = false;
      const answered = waiting.finally(() => (isAnswered = true));
      for (; !isAnswered; await new Promise(setImmediate)) clock.advance(1000);
      const { code, retryAfter, status } = await answered;
      assert.deepEqual([code, retryAfter, status.reason], [504, undefined, "Timeout"]);
      assert.match(
        status.message,
        /has not answered for 10 seconds\. Whether the write will happen is not known/,
      );
      const next = await create(server, "refused");
      assert.deepEqual([next.code, next.retryAfter], [503, "1"]);
      assert.equal((await server.get(COLLECTION)).code, 200);
      assert.deepEqual(await isReady(server), [true, false]);
    } finally {
      disk.thaw();
    }
    while ((await create(server, "last")).code !== 201);
    assert.deepEqual(await seen, ["stuck", "last"]);
  },
);

test("a log on a disk that is full, or hangs, loses lines and holds up nobody", options, async () => {
  using disk = new TestDisk({ megabytes: 4 });
  const log = openSync(join(disk.path, "log"), "a");
  const script = `
    import { createLogger } from ${JSON.stringify(import.meta.resolve("@knarr/std/log.ts"))};
    const log = createLogger();
    process.on("message", () => {
      for (let i = 0; i < 3000; i++) log.error("Store could not be written");
      setImmediate(() => process.send("goes on"));
    });
    process.send("ready");`;
  const words = ["--input-type=module", "-e", script];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "ignore", log, "ipc"] });
  closeSync(log);
  await once(child, "message");
  const goesOn = async () => {
    child.send("log");
    assert.deepEqual((await once(child, "message"))[0], "goes on");
  };
  disk.fill();
  await goesOn();
  disk.empty();
  disk.freeze();
  try {
    await goesOn();
    await goesOn();
  } finally {
    disk.thaw();
  }
  child.disconnect();
  assert.deepEqual(await once(child, "exit"), [0, null]);
});
