/** IPAddresses and ServiceCIDRs behind Services, through the server. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { service } from "@knarr/kinds/core/service.ts";
import type { Service } from "@knarr/kinds/generated/core-v1.ts";
import type { IPAddress } from "@knarr/kinds/generated/networking-v1.ts";
import { ipAddress, serviceAddress } from "@knarr/kinds/networking/ip-address.ts";
import { serviceCidr } from "@knarr/kinds/networking/service-cidr.ts";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";
import { createApi } from "@knarr/client/create-api.ts";
import { createApiServer } from "../../server.ts";
import { ADMIN, startTestServer, type TestServer } from "../../testing/server.ts";

const ports = [{ port: 80 }];
const create = async (rig: TestServer, spec: object = {}, name = "s"): Promise<string> => {
  const object = { metadata: { name, namespace: "default" }, spec: { ports, ...spec } };
  return ((await rig.api.create(service, object as never)) as Service).spec!.clusterIP!;
};
const addresses = (rig: TestServer): string[] =>
  rig.server.world.list(ipAddress).map(({ metadata }) => metadata.name!);

/** Waits until `check` says so, with time standing still. */
async function eventually(check: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !check(); i++) await new Promise(setImmediate);
  assert.ok(check());
}

test("an address that is in use is an IPAddress that says by whom", async () => {
  await using rig = await startTestServer({ serviceCidr: "10.9.0.0/24" });
  const address = await create(rig);
  const { metadata, spec } = await rig.api.get(ipAddress, address);
  assert.deepEqual(spec, { parentRef: { resource: "services", namespace: "default", name: "s" } });
  assert.deepEqual(metadata.labels, {
    "ipaddress.kubernetes.io/ip-family": "IPv4",
    "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
  });
  assert.equal(metadata.managedFields![0]!.manager, "kube-apiserver");
  await rig.api.delete(service, "default/s");
  assert.deepEqual(addresses(rig), ["10.9.0.1"]);
});

test("a Service that becomes a name gives its address back; one that is refused never had it", async () => {
  await using rig = await startTestServer({ serviceCidr: "10.9.0.0/24" });
  await create(rig);
  const name = { type: "ExternalName", externalName: "x.io", clusterIP: null, clusterIPs: null };
  await rig.api.patch(service, "default/s", { spec: name });
  assert.deepEqual(addresses(rig), ["10.9.0.1"]);
  await rig.api.patch(service, "default/s", { spec: { type: "ClusterIP", clusterIP: "10.9.0.5" } });
  assert.deepEqual(addresses(rig), ["10.9.0.1", "10.9.0.5"]);
  await assert.rejects(create(rig, { ports: [{ port: -1 }] }, "t"));
  await assert.rejects(create(rig), /already exists/);
  assert.deepEqual(addresses(rig), ["10.9.0.1", "10.9.0.5"]);
});

test("an address that an IPAddress of anybody has is taken", async () => {
  await using rig = await startTestServer({ serviceCidr: "10.9.0.0/30" });
  const parentRef = { group: "x.io", resource: "gateways", name: "g" };
  await rig.api.create(ipAddress, { metadata: { name: "10.9.0.2" }, spec: { parentRef } });
  await assert.rejects(create(rig, { clusterIP: "10.9.0.2" }), /10.9.0.2: provided IP is already allocated/);
  await assert.rejects(create(rig), {
    code: 500,
    message: 'Internal error occurred: failed to allocate a serviceIP for Service "s": range is full',
  });
});

test("a dry run takes nothing and does not look for what is free", async () => {
  await using rig = await startTestServer({ serviceCidr: "10.9.0.0/24" });
  const dry = async (spec: object): Promise<string> => {
    const { body } = (await rig.transport.request({
      method: "POST",
      path: "/api/v1/namespaces/default/services",
      query: { dryRun: "All" },
      body: { apiVersion: "v1", kind: "Service", metadata: { name: "s" }, spec: { ports, ...spec } },
    })) as { readonly body: any };
    return body.spec.clusterIP;
  };
  assert.equal(await dry({}), "10.9.0.0");
  assert.equal(await dry({ clusterIP: "10.9.0.1" }), "10.9.0.1");
  await assert.rejects(
    dry({ clusterIP: "10.8.0.1" }),
    /the provided IP \(10.8.0.1\) is not in the valid range. The range of valid IPs is 10.9.0.0\/24/,
  );
  assert.deepEqual(addresses(rig), ["10.9.0.1"]);
});

test("more ServiceCIDRs are more addresses, while they are ready", async () => {
  await using rig = await startTestServer({ serviceCidr: "10.9.0.0/30" });
  assert.equal(await create(rig), "10.9.0.2");
  const clusterIP = "10.8.0.3";
  await assert.rejects(create(rig, { clusterIP }, "t"), /does not match the current range/);
  const more = { metadata: { name: "more" }, spec: { cidrs: ["10.8.0.0/29"] } };
  await rig.api.create(serviceCidr, more);
  assert.equal(await create(rig, { clusterIP }, "t"), clusterIP);
  assert.match(await create(rig, {}, "u"), /^10\.8\.0\.[12456]$/);
  const conditions = [
    { type: "Ready", status: "False", reason: "R", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" },
  ];
  await rig.api.updateStatus(serviceCidr, {
    ...(await rig.api.get(serviceCidr, "more")),
    status: { conditions },
  });
  await assert.rejects(create(rig, {}, "v"), /range is full/);
});

test("the server's own network is a ServiceCIDR, ready and made again", async () => {
  await using rig = await startTestServer({ serviceCidr: "10.9.0.0/24" });
  const { spec, status, metadata } = await rig.api.get(serviceCidr, "kubernetes");
  assert.deepEqual(spec, { cidrs: ["10.9.0.0/24"] });
  const lastTransitionTime = "2026-01-01T00:00:00Z";
  const message = "Kubernetes default Service CIDR is ready";
  assert.deepEqual(status, {
    conditions: [{ type: "Ready", status: "True", reason: "", message, lastTransitionTime }],
  });
  assert.deepEqual(
    metadata.managedFields!.map(({ manager, operation, subresource }) => [manager, operation, subresource]),
    [
      ["kubernetes-service-cidr-controller", "Apply", "status"],
      ["kube-apiserver", "Update", undefined],
    ],
  );
  await rig.api.delete(serviceCidr, "kubernetes");
  await eventually(
    () => (rig.server.world.get(serviceCidr, "kubernetes")?.status?.conditions ?? []).length > 0,
  );
});

test("what a Service has and no IPAddress says is repaired", async () => {
  await using rig = await startTestServer({ serviceCidr: "10.9.0.0/24" });
  const address = await create(rig);
  await rig.api.delete(ipAddress, address);
  await eventually(() => rig.server.world.get(ipAddress, address) !== undefined);
  await rig.api.patch(ipAddress, address, { metadata: { labels: null } });
  await eventually(() => rig.server.world.get(ipAddress, address)?.metadata.labels !== undefined);
  assert.equal(rig.server.world.get(ipAddress, address)!.spec.parentRef.name, "s");
});

test("an IPAddress that was made for a Service and that none has goes after a while", async () => {
  await using rig = await startTestServer({ serviceCidr: "10.9.0.0/24" });
  const leaked = serviceAddress("10.9.0.7", { metadata: { namespace: "default", name: "gone" } });
  await rig.api.create(ipAddress, leaked);
  const parentRef = { resource: "services", namespace: "default", name: "gone" };
  await rig.api.create(ipAddress, { metadata: { name: "10.9.0.8" }, spec: { parentRef } });
  const wrong: IPAddress = {
    ...leaked,
    metadata: { ...leaked.metadata, name: "10.9.0.9" },
    spec: { parentRef: { group: "x.io", resource: "gateways", name: "g" } },
  };
  await rig.api.create(ipAddress, wrong);
  await eventually(() => !addresses(rig).includes("10.9.0.9"));
  assert.ok(addresses(rig).includes("10.9.0.7"));
  rig.clock.advance(61_000);
  await eventually(() => !addresses(rig).includes("10.9.0.7"));
  assert.deepEqual(addresses(rig), ["10.9.0.1", "10.9.0.8"]);
});

test("Services that are older than their IPAddresses get them before anybody else can", async () => {
  await using store = new MemoryStore();
  const options = { store, serviceCidr: "10.9.0.0/30" };
  {
    await using server = await createApiServer(options);
    const object = { metadata: { name: "s", namespace: "default" }, spec: { ports } };
    await createApi(server.inProcess(ADMIN)).create(service, object as never);
  }
  const key = `/registry/${ipAddress.plural}/10.9.0.2`;
  await store.delete(key, (await store.get(key))!.revision);
  await using server = await createApiServer(options);
  assert.equal(server.world.get(ipAddress, "10.9.0.2")?.spec.parentRef.name, "s");
});
