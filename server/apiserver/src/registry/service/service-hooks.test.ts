/** Addresses and ports of Services, through the server. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { service } from "@knarr/kinds/core/service.ts";
import type { Service } from "@knarr/kinds/generated/core-v1.ts";
import { createApiServer } from "../../server.ts";
import { createApi } from "@knarr/client/create-api.ts";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";
import { OutcomeUnknown, type Entry } from "@knarr/store/store.ts";
import { ADMIN, startTestServer, type TestServer } from "../../testing/server.ts";

const at = { name: "s", namespace: "default" };
const ports = [{ port: 80 }];
const create = (rig: TestServer, spec: object, metadata: object = at): Promise<Service> =>
  rig.api.create(service, { metadata, spec } as never) as never;
const patch = (rig: TestServer, spec: object): Promise<Service> =>
  rig.api.patch(service, "default/s", { spec }) as never;

test("a Service gets an address, keeps it, and gives it back", async () => {
  await using rig = await startTestServer({ serviceCidr: "10.9.0.0/24" });
  const { spec } = await create(rig, { ports });
  assert.match(spec!.clusterIP!, /^10\.9\.0\.\d+$/);
  assert.deepEqual(
    [spec!.clusterIPs, spec!.ipFamilies, spec!.ipFamilyPolicy],
    [[spec!.clusterIP], ["IPv4"], "SingleStack"],
  );
  assert.equal((await patch(rig, { ports: [{ port: 81 }] })).spec!.clusterIP, spec!.clusterIP);
  const again = { ports, clusterIP: spec!.clusterIP };
  const other = { ...at, name: "other" };
  await assert.rejects(create(rig, again, other), /provided IP is already allocated/);
  await rig.api.delete(service, "default/s");
  assert.equal((await create(rig, again, other)).spec!.clusterIP, spec!.clusterIP);
});

test("a Service may choose its address, inside the network", async () => {
  await using rig = await startTestServer({ serviceCidr: "10.9.0.0/24" });
  assert.equal((await create(rig, { ports, clusterIP: "10.9.0.10" })).spec!.clusterIP, "10.9.0.10");
  await assert.rejects(
    create(rig, { ports, clusterIP: "10.8.0.10" }, { ...at, name: "t" }),
    /failed to allocate IP 10.8.0.10: the provided network does not match the current range/,
  );
});

test("a refused Service leaves nothing taken", async () => {
  await using rig = await startTestServer({ serviceCidr: "10.9.0.0/24" });
  await assert.rejects(create(rig, { ports: [{ port: -1 }], clusterIP: "10.9.0.10" }));
  assert.equal((await create(rig, { ports, clusterIP: "10.9.0.10" })).spec!.clusterIP, "10.9.0.10");
});

test("node ports come with the type and go with it", async () => {
  await using rig = await startTestServer();
  const first = await create(rig, { ports, type: "NodePort" });
  const { nodePort } = first.spec!.ports![0]!;
  assert.ok(nodePort! >= 30000 && nodePort! <= 32767);
  const same = { ...at, name: "same" };
  await assert.rejects(
    create(rig, { ports: [{ port: 1, nodePort }], type: "NodePort" }, same),
    /already allocated/,
  );
  assert.equal((await patch(rig, { type: "ClusterIP" })).spec!.ports![0]!.nodePort, undefined);
  await create(rig, { ports: [{ port: 1, nodePort }], type: "NodePort" }, same);
  const dns = [
    { name: "udp", port: 53, protocol: "UDP" },
    { name: "tcp", port: 53, protocol: "TCP" },
  ];
  const both = await create(rig, { ports: dns, type: "NodePort" }, { ...at, name: "dns" });
  assert.equal(both.spec!.ports![0]!.nodePort, both.spec!.ports![1]!.nodePort);
});

test("a LoadBalancer with local traffic gets a port for health checks", async () => {
  await using rig = await startTestServer();
  const { spec } = await create(rig, { ports, type: "LoadBalancer", externalTrafficPolicy: "Local" });
  assert.ok(spec!.healthCheckNodePort! >= 30000);
});

test("headless Services and names get no address", async () => {
  await using rig = await startTestServer();
  assert.equal((await create(rig, { ports, clusterIP: "None" })).spec!.clusterIP, "None");
  const name = await create(rig, { type: "ExternalName", externalName: "x.io" }, { ...at, name: "n" });
  assert.equal(name.spec!.clusterIP, undefined);
});

test("what is allocated is known again after a start", async () => {
  await using store = new MemoryStore();
  {
    await using server = await createApiServer({ store });
    await createApi(server.inProcess(ADMIN)).create(service, {
      metadata: at,
      spec: { ports, clusterIP: "10.43.9.9" },
    } as never);
  }
  await using server = await createApiServer({ store });
  const api = createApi(server.inProcess(ADMIN));
  await assert.rejects(
    api.create(service, { metadata: { ...at, name: "t" }, spec: { ports, clusterIP: "10.43.9.9" } } as never),
    /already allocated/,
  );
});

/** Does what it is told, and does not say so. */
class SilentStore extends MemoryStore {
  isSilent = false;

  override async put(...words: Parameters<MemoryStore["put"]>): Promise<Entry> {
    const entry = await super.put(...words);
    if (this.isSilent && entry.key.includes("/services/")) throw new OutcomeUnknown("nobody knows");
    return entry;
  }
}

test("what a Service has taken that may have been made is not given to another", async () => {
  await using store = new SilentStore();
  await using server = await createApiServer({ store });
  const api = createApi(server.inProcess(ADMIN));
  const make = (name: string, spec: object): Promise<unknown> =>
    api.create(service, { metadata: { ...at, name }, spec: { type: "NodePort", ...spec } } as never);
  const taken = { clusterIP: "10.43.9.9", ports: [{ port: 80, nodePort: 30001 }] };
  store.isSilent = true;
  await assert.rejects(make("s", taken), { code: 504 });
  store.isSilent = false;
  await assert.rejects(make("t", { ...taken, ports }), /provided IP is already allocated/);
  await assert.rejects(make("t", { ports: taken.ports }), /provided port is already allocated/);
});
