/** Node ports of a store that several servers take some from. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Service } from "@knarr/kinds/generated/core-v1.ts";
import { FakeClock } from "@knarr/std/clock.ts";
import { silent } from "@knarr/std/log.ts";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";
import { NodePortRepair } from "./node-port-repair.ts";
import type { Stored } from "./service-hooks.ts";
import { SharedNodePorts } from "./shared-node-ports.ts";

const serviceWith = (name: string, ...nodePorts: number[]) =>
  ({ metadata: { name }, spec: { ports: nodePorts.map((nodePort) => ({ port: 1, nodePort })) } }) as Stored;

function rigOf(store: MemoryStore) {
  const ports = new SharedNodePorts([30000, 30009], store);
  const services: Service[] = [];
  const warnings: string[] = [];
  const repair = new NodePortRepair({
    ports,
    services: async () => services,
    clock: new FakeClock(),
    log: silent,
    warn: ({ metadata }, reason) => warnings.push(`${metadata!.name} ${reason}`),
  });
  const taken = async (): Promise<number[]> => [...(await ports.read()).allocation!.taken].sort();
  const take = (...wanted: number[]) =>
    ports.take(serviceWith("new"), { dryRun: false }, (taking) => {
      for (const port of wanted) assert.ok(taking.take(port));
    });
  return { ports, services, warnings, repair, taken, take };
}

test("NodePortRepair makes the value at first, of what Services have", async () => {
  await using store = new MemoryStore();
  const { services, repair, taken, warnings, take } = rigOf(store);
  await assert.rejects(
    take(30001),
    /cannot allocate resources of type servicenodeportallocations at this time/,
  );
  services.push(serviceWith("a", 30003, 30004), serviceWith("b", 30004, 40000));
  await repair.once();
  assert.deepEqual(await taken(), [30003, 30004]);
  assert.deepEqual(warnings, ["b PortAlreadyAllocated", "b PortOutOfRange"]);
});

test("NodePortRepair gives back what nobody has when it has seen it three times, and not what came into use", async () => {
  await using store = new MemoryStore();
  const { services, repair, taken, take } = rigOf(store);
  await repair.once();
  await take(30001, 30002);
  await repair.once();
  await repair.once();
  assert.deepEqual(await taken(), [30001, 30002]);
  services.push(serviceWith("a", 30002));
  await repair.once();
  assert.deepEqual(await taken(), [30002]);
  const { revision } = store;
  await repair.once();
  assert.equal(store.revision, revision); // nothing to do, nothing written
});

test("NodePortRepair keeps what was taken while it looked", async () => {
  await using store = new MemoryStore();
  const { ports, taken, take, warnings } = rigOf(store);
  let looks = 0;
  const repair = new NodePortRepair({
    ports,
    async services() {
      if (looks++ === 1) await take(30005);
      return [serviceWith("a", 30001)];
    },
    clock: new FakeClock(),
    log: silent,
    warn: () => {},
  });
  await repair.once();
  await ports.release([30001]);
  await repair.once();
  assert.deepEqual(await taken(), [30001, 30005]);
  assert.deepEqual(warnings, []);
});

test("SharedNodePorts of two servers never give out one port twice, and then say that the range is full", async () => {
  await using store = new MemoryStore();
  const servers = [rigOf(store), rigOf(store)];
  await servers[0]!.repair.once();
  const given = await Promise.all(
    Array.from({ length: 11 }, (_, i) => {
      let port: number | undefined;
      const take = servers[i % 2]!.ports.take(serviceWith(`${i}`), { dryRun: false }, (taking) => {
        port = taking.takeAny();
      });
      return take.then(() => port);
    }),
  );
  assert.deepEqual(given.toSorted(), [...Array.from({ length: 10 }, (_, i) => 30000 + i), undefined]);
});

test("SharedNodePorts takes nothing in a dry run, nor what a refused write has taken", async () => {
  await using store = new MemoryStore();
  const { ports, repair, taken } = rigOf(store);
  await repair.once();
  await ports.take(serviceWith("a"), { dryRun: true }, (taking) => void taking.takeAny());
  const refused = ports.take(serviceWith("a"), { dryRun: false }, (taking) => {
    taking.takeAny();
    throw new RangeError("refused");
  });
  await assert.rejects(refused, RangeError);
  assert.deepEqual(await taken(), []);
});
