/** The API while etcd hangs or is gone: requests are refused with a Status that says so, watches wait, and all is well by itself afterwards. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createApiServer } from "@knarr/apiserver/server.ts";
import { ADMIN } from "@knarr/apiserver/testing/server.ts";
import { startSecureServer, type SecureServer } from "@knarr/apiserver/testing/secure-server.ts";
import { createApi } from "@knarr/client/create-api.ts";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { EtcdStore } from "@knarr/store/drivers/etcd.ts";
import { skipEtcd as skip, TestEtcd } from "@knarr/store/testing/etcd.ts";

const COLLECTION = "/api/v1/namespaces/default/configmaps";
const PATIENCE = { patienceMs: 3000 };

const create = async (server: SecureServer, name: string) => {
  const body = JSON.stringify({ metadata: { name } });
  return answerOf(
    await server.get(COLLECTION, { "content-type": "application/json" }, { method: "POST", body }),
  );
};

function answerOf({ code, headers, body }: Awaited<ReturnType<SecureServer["get"]>>) {
  return { code, retryAfter: headers["retry-after"], object: JSON.parse(body.toString()) };
}

async function isReady(server: SecureServer): Promise<boolean[]> {
  const codes = await Promise.all(["/livez", "/readyz"].map(async (path) => (await server.get(path)).code));
  return codes.map((code) => code === 200);
}

/** The ConfigMaps that a watch sees come. */
class Names {
  readonly seen: string[] = [];
  #wanted = "";
  #found = Promise.withResolvers<void>();

  constructor(server: SecureServer) {
    this.#follow(server).catch((err: unknown) => this.#found.reject(err));
  }

  /** Resolves when it has come by; rejects when the watch ends before. */
  until(name: string): Promise<void> {
    this.#found = Promise.withResolvers();
    this.#wanted = name;
    if (this.seen.includes(name)) this.#found.resolve();
    return this.#found.promise;
  }

  async #follow({ api, transport }: SecureServer): Promise<void> {
    const where = { namespace: "default" };
    const { metadata } = await api.list(configMap, where);
    const { signal } = new AbortController();
    for await (const batch of transport.watch(configMap, where, metadata!.resourceVersion!, signal)) {
      for (const { type, object } of batch) if (type === "ADDED") this.seen.push(object.metadata.name!);
      if (this.seen.includes(this.#wanted)) this.#found.resolve();
    }
    this.#found.reject(new Error(`The watch ended, having seen ${this.seen.join(", ") || "nothing"}`));
  }
}

const outages: Readonly<
  Record<string, readonly [begin: (etcd: TestEtcd) => unknown, end: (etcd: TestEtcd) => unknown]>
> = {
  "hangs (SIGSTOP)": [(etcd) => etcd.pause(), (etcd) => etcd.resume()],
  "is killed": [(etcd) => etcd.kill(), (etcd) => etcd.start()],
};

for (const [name, [begin, end]] of Object.entries(outages)) {
  test(
    `while etcd ${name}, requests get 503 and when to come again, watches wait; it recovers by itself, without a gap`,
    { skip, timeout: 60_000 },
    async () => {
      await using etcd = await TestEtcd.start();
      const told: (string | undefined)[] = [];
      const onTrouble = (trouble: string | undefined): void => void told.push(trouble);
      await using store = await EtcdStore.open({ endpoints: [etcd.endpoint], ...PATIENCE, onTrouble });
      await using server = await startSecureServer({ store });
      const names = new Names(server);
      assert.equal((await create(server, "before")).code, 201);
      await names.until("before");

      await begin(etcd);
      for (const refused of [await create(server, "refused"), answerOf(await server.get(COLLECTION))]) {
        assert.match(refused.object.message, /^Cannot read etcd: /);
        assert.deepEqual(
          [refused.code, refused.retryAfter, refused.object.reason],
          [503, "1", "ServiceUnavailable"],
        );
      }
      assert.deepEqual(await isReady(server), [true, false]);
      assert.match(told.at(-1)!, /^etcd \(127.0.0.1:\d+\) does not answer: /);

      await end(etcd);
      {
        await using other = await EtcdStore.open({ endpoints: [etcd.endpoint] });
        await using beside = await createApiServer({ store: other });
        const metadata = { name: "elsewhere", namespace: "default" };
        await createApi(beside.inProcess(ADMIN)).create(configMap, { metadata });
      }
      while ((await create(server, "last")).code !== 201);
      assert.deepEqual(await isReady(server), [true, true]);
      assert.equal(told.at(-1), undefined);
      await names.until("last");
      assert.deepEqual(names.seen, ["before", "elsewhere", "last"]);
    },
  );
}
