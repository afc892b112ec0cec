/** Clients of a server that has objects which nobody can read: they work with all others, and take none for deleted. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createApiServer } from "@knarr/apiserver/server.ts";
import { startSecureServer, testCertificates } from "@knarr/apiserver/testing/secure-server.ts";
import { createApi } from "@knarr/client/create-api.ts";
import { HttpTransport } from "@knarr/client/http-transport.ts";
import { Informers } from "@knarr/client/informers.ts";
import { objectPath } from "@knarr/client/paths.ts";
import { runControllers } from "@knarr/client/run-controllers.ts";
import { endpointSliceController } from "@knarr/controllers/endpoint-slice/controller.ts";
import { endpointsController } from "@knarr/controllers/endpoints/controller.ts";
import { endpoints } from "@knarr/kinds/core/endpoints.ts";
import { service } from "@knarr/kinds/core/service.ts";
import { endpointSlice } from "@knarr/kinds/discovery/endpoint-slice.ts";
import { FakeClock, realClock } from "@knarr/std/clock.ts";
import { silent } from "@knarr/std/log.ts";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";
import { eventually } from "../e2e/eventually.ts";

const IGNORE = { ignoreStoreReadErrorWithClusterBreakingPotential: true };
const options = { timeout: 30_000 };
const ADMIN = { name: "admin", groups: ["system:masters", "system:authenticated"] };

const web = (name: string) => ({
  metadata: { name, namespace: "default" },
  spec: { selector: { app: name }, ports: [{ port: 80 }] },
});

async function damage(store: MemoryStore, key: string): Promise<void> {
  const { revision } = (await store.get(key))!;
  await store.put(key, Buffer.from("damaged"), revision);
}

test(
  "an informer has all that can be read, keeps what it knew of the rest, and is whole when that is gone",
  options,
  async () => {
    await using store = new MemoryStore();
    await using server = await startSecureServer({ store });
    for (const name of ["good", "bad"]) await server.api.create(service, web(name));
    const { authority, admin } = testCertificates;
    await using transport = new HttpTransport({
      server: `https://127.0.0.1:${server.port}`,
      ca: authority.certificate,
      certificate: { cert: admin.certificate, key: admin.key },
    });
    const follow = () => new Informers({ transport, clock: realClock, log: silent });
    await using early = follow();
    const known = early.informer(service);
    await known.synced;

    await damage(store, "/registry/services/specs/default/bad");
    await eventually(async () => assert.ok(known.isUnreadable("default/bad")));
    await using late = follow();
    const fresh = late.informer(service);
    await late.waitForList(AbortSignal.timeout(10_000));
    assert.equal(fresh.hasSynced, false);
    const { metadata } = await server.api.patch(service, "default/good", {
      metadata: { labels: { a: "1" } },
    });
    await Promise.all([known, fresh].map((informer) => informer.whenSeen(metadata.resourceVersion!)));
    assert.deepEqual(
      [known, fresh].map((informer) => [
        informer.get("default/good")?.metadata.labels,
        informer.get("default/bad")?.metadata.name,
      ]),
      [
        [{ a: "1" }, "bad"],
        [{ a: "1" }, undefined],
      ],
    );

    const path = objectPath(service, "default/bad");
    await server.transport.request({ method: "DELETE", path, query: IGNORE });
    await fresh.synced;
    await eventually(async () => assert.equal(known.get("default/bad"), undefined));
  },
);

test("Services are served though one of them and one of their slices cannot be read", options, async () => {
  await using store = new MemoryStore();
  {
    await using server = await createApiServer({ store });
    const api = createApi(server.inProcess(ADMIN));
    for (const name of ["good", "bad"]) await api.create(service, web(name));
    await api.create(endpoints, {
      metadata: {
        name: "bad",
        namespace: "default",
        labels: { "endpoints.kubernetes.io/managed-by": "endpoint-controller" },
      },
    });
    await api.create(endpointSlice, {
      metadata: { name: "lost", namespace: "default" },
      addressType: "IPv4",
      endpoints: [],
    });
  }
  for (const key of ["services/specs/default/bad", "endpointslices/default/lost"])
    await damage(store, `/registry/${key}`);
  await using server = await createApiServer({ store });
  const transport = server.inProcess(ADMIN);
  const api = createApi(transport);
  const clock = new FakeClock();
  const { signal } = new AbortController();
  const starting = runControllers([endpointSliceController, endpointsController], {
    ...{ transport, clock, log: silent, signal },
  });
  let isStarted = false;
  const started = starting.finally(() => (isStarted = true));
  for (; !isStarted; await new Promise(setImmediate)) clock.advance(1000);
  await using controllers = await started;
  await eventually(async () => {
    assert.ok(await api.get(endpoints, "default/good"));
    assert.ok(controllers.idle);
  });
  const { items } = await api.list(endpointSlice, { namespace: "default", skipsUnreadable: true });
  assert.deepEqual(
    items.map(({ metadata }) => metadata.labels?.["kubernetes.io/service-name"]),
    ["good"],
  );
  assert.equal((await api.get(endpoints, "default/bad")).metadata.name, "bad", "not taken for a leftover");
});
