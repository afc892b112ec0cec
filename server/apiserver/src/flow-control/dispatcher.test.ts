/** Turns, slices and seats, on a loop whose time the test moves. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FlowSchema, PriorityLevelConfiguration } from "@knarr/kinds/generated/flowcontrol-v1.ts";
import { Dispatcher, SLICE_MS, TOTAL_SEATS, type Seat } from "./dispatcher.ts";
import { PriorityLevel } from "./priority-level.ts";

const QUEUING = { queues: 64, handSize: 6, queueLengthLimit: 100 };

function level(name: string, limited: object = {}): PriorityLevel {
  const configuration: PriorityLevelConfiguration = {
    metadata: { name },
    spec: {
      type: "Limited",
      limited: {
        nominalConcurrencyShares: 10,
        limitResponse: { type: "Queue", queuing: QUEUING },
        ...limited,
      },
    },
  };
  return new PriorityLevel(configuration);
}

/** Requests that each take `ms` of the loop as soon as they have a seat. */
class FakeServer {
  now = 0;
  readonly done: string[] = [];
  readonly refused: string[] = [];
  readonly dispatcher = new Dispatcher({ now: () => this.now, nextTurn: (run) => this.#turns.push(run) });
  readonly #turns: (() => void)[] = [];

  ask(who: string, level: PriorityLevel, ms: number): void {
    const schema: FlowSchema = { metadata: { name: "s" } };
    const flow = { schema, level: level.name, distinguisher: who };
    const seat = this.dispatcher.admit({ flow, level, isWanted: () => true });
    const work = (given: Seat | undefined): void => {
      if (!given) return void this.refused.push(who);
      this.now += ms;
      this.done.push(who);
      given.release();
    };
    if (seat instanceof Promise) seat.then(work);
    else work(seat);
  }

  /** Lets the loop turn once; false when nobody asked for a turn. */
  async turn(): Promise<boolean> {
    const turns = this.#turns.splice(0);
    for (const run of turns) run();
    await new Promise(setImmediate);
    return turns.length > 0;
  }

  async run(): Promise<void> {
    while (await this.turn());
  }
}

test("who comes late and asks for little is answered in the next slice, not after the flood", async () => {
  const server = new FakeServer();
  const only = level("only");
  server.dispatcher.setLevels([only]);
  for (let i = 0; i < 100; i++) server.ask("flood", only, 1);
  const before = server.done.length;
  assert.equal(before, SLICE_MS, "requests run at once until the slice is over");
  await server.turn();
  server.ask("late", only, 1);
  await server.turn();
  await server.turn();
  assert.ok(server.done.includes("late"));
  assert.ok(server.done.length <= 4 * SLICE_MS, `${server.done.length} went before it`);
  await server.run();
  assert.equal(server.done.length, 101);
});

test("flows of a level have equal parts of the loop, whatever their requests take", async () => {
  const server = new FakeServer();
  const only = level("only");
  server.dispatcher.setLevels([only]);
  for (let i = 0; i < 50; i++) server.ask("first", only, 1); // opens the turn
  for (let i = 0; i < 100; i++) {
    server.ask("small", only, 1);
    server.ask("large", only, 4);
  }
  while (server.now < 300) await server.turn();
  const time = (who: string, ms: number): number => server.done.filter((one) => one === who).length * ms;
  const ratio = time("small", 1) / time("large", 4);
  assert.ok(ratio > 0.6 && ratio < 1.7, `small had ${ratio} times what large had`);
});

test("levels have parts of the loop by their shares", async () => {
  const server = new FakeServer();
  const [high, low] = [level("high", { nominalConcurrencyShares: 30 }), level("low")];
  server.dispatcher.setLevels([high, low]);
  for (let i = 0; i < 100; i++) {
    server.ask("high", high, 1);
    server.ask("low", low, 1);
  }
  while (server.now < 100) await server.turn();
  const count = (who: string): number => server.done.filter((one) => one === who).length;
  const ratio = count("high") / count("low");
  assert.ok(ratio > 2 && ratio < 4, `high had ${ratio} times what low had`);
});

test("a full queue refuses, and so does a level without queues whose seats are taken", async () => {
  const server = new FakeServer();
  const rejecting = level("rejecting", {
    borrowingLimitPercent: 0,
    limitResponse: { type: "Reject" },
  });
  const [short, other] = [
    level("short", { limitResponse: { type: "Queue", queuing: { ...QUEUING, queueLengthLimit: 2 } } }),
    level("other"),
  ];
  server.dispatcher.setLevels([rejecting, short, other]);
  for (let i = 0; i < SLICE_MS + 3; i++) server.ask("a", short, 1);
  assert.deepEqual(server.refused, ["a"]);
  await server.run();

  const flow = { schema: { metadata: { name: "s" } }, level: "rejecting", distinguisher: "" };
  const asking = { flow, level: rejecting, isWanted: () => true };
  const seats = Array.from({ length: TOTAL_SEATS / 3 }, () => server.dispatcher.admit(asking) as Seat);
  assert.equal(
    server.dispatcher.admit(asking),
    undefined,
    "all seats are taken by requests that wait for others",
  );
  seats[0]!.release();
  assert.ok(server.dispatcher.admit(asking));
});

test("requests of a level that goes are refused, and those that nobody waits for are not run", async () => {
  const server = new FakeServer();
  const only = level("only");
  server.dispatcher.setLevels([only]);
  for (let i = 0; i < SLICE_MS + 2; i++) server.ask("a", only, 1);
  server.dispatcher.setLevels([level("only")]);
  await server.run();
  assert.deepEqual(server.refused, ["a", "a"]);
});

test("who waits for a seat waits without turning the loop, and goes when one is free", async () => {
  const server = new FakeServer();
  const only = level("only", { borrowingLimitPercent: 0 });
  server.dispatcher.setLevels([only]);
  const flow = { schema: { metadata: { name: "s" } }, level: "only", distinguisher: "busy" };
  const asking = { flow, level: only, isWanted: () => true };
  const seats = Array.from({ length: TOTAL_SEATS }, () => server.dispatcher.admit(asking) as Seat);
  server.ask("waits", only, 1);
  await server.run(); // ends: nobody turns the loop for nothing
  assert.deepEqual(server.done, []);
  seats[0]!.release();
  await server.run();
  assert.deepEqual(server.done, ["waits"]);
});
