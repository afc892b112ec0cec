/** Networks for Services: ready, and not gone before their addresses are. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Condition } from "@knarr/kinds/generated/meta.ts";
import type { ServiceCIDR } from "@knarr/kinds/generated/networking-v1.ts";
import { ipAddress, serviceAddress } from "@knarr/kinds/networking/ip-address.ts";
import { serviceCidr } from "@knarr/kinds/networking/service-cidr.ts";
import { makeWorld } from "../testing/world.ts";
import { serviceCidrController } from "./controller.ts";

const network = (name: string, ...cidrs: string[]): ServiceCIDR => ({ metadata: { name }, spec: { cidrs } });
const service = { metadata: { namespace: "n", name: "s" } };

async function start() {
  const rig = await makeWorld([serviceCidrController]);
  const names = async (): Promise<(string | undefined)[]> =>
    (await rig.list(serviceCidr)).map(({ metadata }) => metadata.name);
  const ready = async (name: string): Promise<Condition> =>
    (await rig.api.get(serviceCidr, name)).status!.conditions![0]!;
  return { ...rig, names, ready, [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose]() };
}

test("a network is ready, and goes a while after it was deleted", async () => {
  await using rig = await start();
  const one = await rig.create(serviceCidr, network("one", "10.9.0.0/24"));
  const { metadata } = await rig.api.get(serviceCidr, "one");
  assert.deepEqual(metadata.finalizers, ["networking.k8s.io/service-cidr-finalizer"]);
  const { status, message } = await rig.ready("one");
  assert.deepEqual([status, message], ["True", "Kubernetes Service CIDR is ready"]);
  await rig.delete(serviceCidr, one);
  await rig.pass(9000);
  assert.deepEqual(await rig.names(), ["one"]);
  await rig.pass(2000);
  assert.deepEqual(await rig.names(), []);
});

test("a network stays while an address of a Service lies in no other", async () => {
  await using rig = await start();
  const one = await rig.create(serviceCidr, network("one", "10.9.0.0/24", "fd00::/112"));
  const address = await rig.create(ipAddress, serviceAddress("fd00::7", service));
  const parentRef = { group: "x.io", resource: "gateways", name: "g" };
  await rig.create(ipAddress, { metadata: { name: "10.9.0.9" }, spec: { parentRef } });
  await rig.delete(serviceCidr, one);
  await rig.pass(11_000);
  const { status, reason } = await rig.ready("one");
  assert.deepEqual([status, reason], ["False", "Terminating"]);
  await rig.delete(ipAddress, address);
  assert.deepEqual(await rig.names(), []);
});

test("a network whose addresses others hold can go", async () => {
  await using rig = await start();
  const one = await rig.create(serviceCidr, network("one", "10.9.0.0/24"));
  await rig.create(ipAddress, serviceAddress("10.9.0.7", service));
  await rig.delete(serviceCidr, one);
  await rig.pass(11_000);
  await rig.create(serviceCidr, network("apart", "10.8.0.0/24"));
  assert.equal((await rig.ready("one")).status, "False");
  await rig.create(serviceCidr, network("wide", "10.9.0.0/16"));
  assert.deepEqual(await rig.names(), ["apart", "wide"]);
});
