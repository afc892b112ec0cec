/** Two servers on one etcd serve one cluster: what either has acknowledged is so at both. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createApiServer } from "@knarr/apiserver/server.ts";
import { testCertificates } from "@knarr/apiserver/testing/secure-server.ts";
import type { Api } from "@knarr/client/api.ts";
import { createApi } from "@knarr/client/create-api.ts";
import { customResourceDefinition } from "@knarr/kinds/apiextensions/custom-resource-definition.ts";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { endpoints } from "@knarr/kinds/core/endpoints.ts";
import { resourceQuota } from "@knarr/kinds/core/resource-quota.ts";
import { service } from "@knarr/kinds/core/service.ts";
import { endpointSlice } from "@knarr/kinds/discovery/endpoint-slice.ts";
import type { Service } from "@knarr/kinds/generated/core-v1.ts";
import { isConflict, isNotFound } from "@knarr/machinery/status.ts";
import { FakeClock } from "@knarr/std/clock.ts";
import { openStore } from "@knarr/store/drivers/drivers.ts";
import { skipEtcd as skip, TestEtcd } from "@knarr/store/testing/etcd.ts";
import { ADMIN, TwoServers } from "./two-servers.ts";

const mapOf = (name: string, data: Record<string, string>) => ({
  metadata: { name, namespace: "default" },
  data,
});

test("two servers: what one answers, the other has as soon as it is asked", { skip }, async () => {
  await using servers = await TwoServers.start();
  const [one, other] = servers.apis as [Api, Api];
  for (let i = 0; i < 20; i++) {
    const made = await one.create(configMap, mapOf(`a${i}`, { n: "0" }));
    const changed = await other.update(configMap, { ...made, data: { n: "1" } });
    await assert.rejects(one.update(configMap, { ...made, data: { n: "2" } }), isConflict);
    assert.deepEqual(await one.get(configMap, `default/a${i}`), changed);
    const { items } = await one.list(configMap, { namespace: "default" });
    assert.deepEqual(
      items.map(({ metadata }) => metadata.resourceVersion),
      [changed.metadata.resourceVersion],
    );
    await other.delete(configMap, `default/a${i}`);
    await assert.rejects(one.get(configMap, `default/a${i}`), isNotFound);
  }
});

test("two servers: many who change one object through both lose no change", { skip }, async () => {
  await using servers = await TwoServers.start();
  const [one] = servers.apis as [Api];
  await one.create(configMap, mapOf("counter", { n: "0" }));
  const count = async (api: Api): Promise<void> => {
    for (let i = 0; i < 10;) {
      const current = await api.get(configMap, "default/counter");
      const data = { n: String(Number(current.data!["n"]) + 1) };
      const isMade = await api.update(configMap, { ...current, data }).then(
        () => true,
        (err: unknown) => {
          if (isConflict(err)) return false;
          throw err;
        },
      );
      if (isMade) i++;
    }
  };
  await Promise.all([...servers.apis, ...servers.apis].map(count));
  for (const api of servers.apis)
    assert.equal((await api.get(configMap, "default/counter")).data!["n"], "40");
});

test(
  "two servers: a list that one has begun goes on at the other, as of its beginning",
  { skip },
  async () => {
    await using servers = await TwoServers.start();
    const [one, other] = servers.apis as [Api, Api];
    for (const name of ["a", "b", "c"]) await one.create(configMap, mapOf(name, {}));
    const path = "/api/v1/namespaces/default/configmaps?limit=1";
    const begun = await servers.get(0, path);
    await one.delete(configMap, "default/c");
    await other.create(configMap, mapOf("d", {}));
    const rest = await servers.get(1, `${path}0&continue=${begun.metadata.continue}`);
    assert.deepEqual(
      [...begun.items, ...rest.items].map(({ metadata }) => metadata.name),
      ["a", "b", "c"],
    );
  },
);

test("two servers: no port and no address is given to two Services", { skip }, async () => {
  await using servers = await TwoServers.start({
    nodePortRange: [30000, 30011],
    serviceCidr: "10.9.0.0/28", // 14 addresses, one of them taken
  });
  const create = (name: string, server: number): Promise<Service> =>
    servers.apis[server % 2]!.create(service, {
      metadata: { name, namespace: "default" },
      spec: { type: "NodePort", ports: [{ port: 80 }] },
    } as never) as Promise<Service>;
  const numbers = Array.from({ length: 12 }, (_, i) => i);
  const made = await Promise.all(numbers.map((i) => create(`s${i}`, i)));
  assert.deepEqual(
    made.map(({ spec }) => spec!.ports![0]!.nodePort).toSorted(),
    numbers.map((i) => 30000 + i),
  );
  assert.equal(new Set(made.map(({ spec }) => spec!.clusterIP)).size, numbers.length);
  for (const server of [0, 1])
    await assert.rejects(create("more", server), /failed to allocate a nodePort: range is full/);
  await servers.apis[1]!.delete(service, "default/s3");
  const { spec } = await create("more", 0);
  assert.equal(spec!.ports![0]!.nodePort, made[3]!.spec!.ports![0]!.nodePort);
});

test("two servers: a quota is not exceeded by writes through both", { skip }, async () => {
  await using servers = await TwoServers.start();
  const [one] = servers.apis as [Api, Api];
  const metadata = { name: "few", namespace: "default" };
  const hard = { "count/configmaps": "10" };
  const quota = await one.create(resourceQuota, { metadata, spec: { hard } });
  const status = { hard, used: { "count/configmaps": "0" } };
  await one.updateStatus(resourceQuota, { ...quota, status });
  const outcomes = await Promise.allSettled(
    Array.from({ length: 30 }, (_, i) => servers.apis[i % 2]!.create(configMap, mapOf(`m${i}`, {}))),
  );
  const refusals = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
  assert.equal(refusals.length, 20);
  for (const err of refusals)
    assert.match(err.message, /exceeded quota: few, requested: count\/configmaps=1/);
  assert.equal((await one.list(configMap, { namespace: "default" })).items.length, 10);
});

test("two servers: a kind that one establishes, the other serves", { skip }, async () => {
  await using servers = await TwoServers.start();
  const [one, other] = servers.apis as [Api, Api];
  for (const plural of ["boats", "ships", "rafts"]) {
    const kind = plural[0]!.toUpperCase() + plural.slice(1, -1);
    const name = `${plural}.example.io`;
    await one.create(customResourceDefinition, definitionOf(plural, kind));
    const isEstablished = async (): Promise<boolean> => {
      const { status } = await one.get(customResourceDefinition, name);
      return !!status?.conditions?.some(({ type, status }) => type === "Established" && status === "True");
    };
    while (!(await isEstablished()));
    const path = `/apis/example.io/v1/namespaces/default/${plural}`;
    const body = { apiVersion: "example.io/v1", kind, metadata: { name: "a" }, spec: { masts: 1 } };
    const { body: made } = await servers.transports[1]!.request({ method: "POST", path, body });
    assert.deepEqual(await servers.get(0, `${path}/a`), made);
    await other.delete(customResourceDefinition, name);
  }
});

const definitionOf = (plural: string, kind: string) =>
  ({
    metadata: { name: `${plural}.example.io` },
    spec: {
      group: "example.io",
      scope: "Namespaced",
      names: { plural, kind },
      versions: [
        {
          ...{ name: "v1", served: true, storage: true },
          schema: {
            openAPIV3Schema: {
              type: "object",
              properties: { spec: { type: "object", properties: { masts: { type: "integer" } } } },
            },
          },
        },
      ],
    },
  }) as never;

test(
  "two servers: both are endpoints of the Service kubernetes, until one ends; one with other keys is none",
  { skip },
  async () => {
    await using etcd = await TestEtcd.start();
    const { serving, authority } = testCertificates;
    const clock = new FakeClock(Date.now());
    const start = async (advertiseAddress: string, serviceAccountKey = testCertificates.serving.key) => {
      await using stack = new AsyncDisposableStack();
      const store = stack.use(await openStore(`etcd://${etcd.endpoint}`));
      const listen = { host: "127.0.0.1", port: 0, ...serving, clientCa: authority.certificate };
      const options = { store, listen, advertiseAddress, serviceAccountKey, clock };
      const server = stack.use(await createApiServer(options));
      const held = stack.move();
      return { api: createApi(server.inProcess(ADMIN)), [Symbol.asyncDispose]: () => held.disposeAsync() };
    };
    await using one = await start("192.0.2.1");
    const addresses = async (): Promise<string[]> => {
      const slice = await one.api.get(endpointSlice, "default/kubernetes");
      const { subsets } = await one.api.get(endpoints, "default/kubernetes");
      const found = subsets!.flatMap(({ addresses }) => addresses!.map(({ ip }) => ip));
      return [...slice.endpoints!.flatMap(({ addresses }) => addresses), ...found];
    };
    {
      await using _other = await start("192.0.2.2");
      await assert.rejects(
        start("192.0.2.3", testCertificates.admin.key),
        /Cannot serve beside the server at 192\.0\.2\.1: its service-account key is another one/,
      );
      assert.deepEqual(await addresses(), ["192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.2"]);
    }
    clock.advance(10_000);
    while ((await addresses()).length > 2);
    assert.deepEqual(await addresses(), ["192.0.2.1", "192.0.2.1"]);
  },
);
