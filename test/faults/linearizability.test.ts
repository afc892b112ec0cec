/** The checker itself: what it must accept, and what it must not. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { checkHistory, type Operation, type Value, type Write } from "./linearizability.ts";

const read = (called: number, returned: number, value: Value): Operation => ({
  ...{ client: "r", type: "read", called, returned, value },
});
const cas = (
  [called, returned]: readonly [number, number],
  [expected, value]: readonly [string, string],
  outcome: "ok" | "refused" | "unknown" = "ok",
): Operation => ({ ...{ client: "w", type: "cas", called, returned, expected, value, outcome } });

const write = (called: number, returned: number, what: Write): Operation => ({
  ...{ client: "w", called, returned },
  ...what,
});
const create = (value: string, outcome: Write["outcome"] = "ok"): Write => ({
  type: "create",
  value,
  outcome,
});
const set = (value: string, outcome: Write["outcome"] = "ok"): Write => ({ type: "set", value, outcome });
const remove = (outcome: Write["outcome"] = "ok"): Write => ({ type: "delete", outcome });

const cases: readonly (readonly [name: string, isLinearizable: boolean, history: readonly Operation[]])[] = [
  ["nothing", true, []],
  ["one after the other", true, [cas([0, 1], ["0", "1"]), read(2, 3, "1"), cas([4, 5], ["1", "2"])]],
  [
    "a read beside a write that sees what was before",
    true,
    [cas([0, 9], ["0", "1"]), read(1, 2, "0"), read(3, 4, "1")],
  ],
  ["a read after a write that sees what was before", false, [cas([0, 1], ["0", "1"]), read(2, 3, "0")]],
  ["reads that go back", false, [cas([0, 9], ["0", "1"]), read(1, 2, "1"), read(3, 4, "0")]],
  ["two that replaced the same", false, [cas([0, 5], ["0", "1"]), cas([1, 6], ["0", "2"])]],
  ["one of two that is refused", true, [cas([0, 5], ["0", "1"]), cas([1, 6], ["0", "2"], "refused")]],
  ["one refused without another", false, [cas([0, 5], ["0", "1"], "refused")]],
  [
    "a write without an answer that was made",
    true,
    [cas([0, Infinity], ["0", "1"], "unknown"), read(2, 3, "1")],
  ],
  [
    "a write without an answer that was not",
    true,
    [cas([0, Infinity], ["0", "1"], "unknown"), read(2, 3, "0")],
  ],
  [
    "a write without an answer that is made late",
    true,
    [cas([0, Infinity], ["0", "1"], "unknown"), read(2, 3, "0"), read(4, 5, "1")],
  ],
  [
    "a write without an answer that is undone",
    false,
    [cas([0, Infinity], ["0", "1"], "unknown"), read(2, 3, "1"), read(4, 5, "0")],
  ],
  ["an acknowledged write that is lost", false, [cas([0, 1], ["0", "1"]), cas([2, 3], ["0", "2"])]],
  ["a read of what nobody wrote", false, [read(0, 1, "7")]],
  [
    "a write without an answer that is made after its server has ended",
    false,
    [cas([0, 3], ["0", "1"], "unknown"), read(4, 5, "0"), read(6, 7, "1")],
  ],
  [
    "deleted, not there, and made again",
    true,
    [write(0, 1, remove()), read(2, 3, undefined), write(4, 5, create("1")), read(6, 7, "1")],
  ],
  ["a read of what was deleted", false, [write(0, 1, remove()), read(2, 3, "0")]],
  [
    "two that made the same",
    false,
    [write(0, 1, remove()), write(2, 6, create("1")), write(3, 7, create("2"))],
  ],
  ["made where it is", false, [write(0, 1, create("1"))]],
  ["refused to be made where it is not", false, [write(0, 1, remove()), write(2, 3, create("1", "refused"))]],
  ["two deletes that both found it", false, [write(0, 5, remove()), write(1, 6, remove())]],
  ["two deletes of which one came late", true, [write(0, 5, remove()), write(1, 6, remove("refused"))]],
  ["a delete without an answer that was made", true, [write(0, 3, remove("unknown")), read(4, 5, undefined)]],
  [
    "a delete without an answer that comes back",
    false,
    [write(0, 3, remove("unknown")), read(4, 5, undefined), read(6, 7, "0")],
  ],
  ["a patch of what is not there", false, [write(0, 1, remove()), write(2, 3, set("1"))]],
  [
    "a patch that another patch overtook",
    true,
    [write(0, 5, set("1")), write(1, 6, set("2")), read(7, 8, "1")],
  ],
  ["a patch that is lost", false, [write(0, 1, set("1")), write(2, 3, set("2")), read(4, 5, "1")]],
];

for (const [name, isLinearizable, history] of cases) {
  test(`checkHistory ${isLinearizable ? "accepts" : "refuses"} ${name}`, () => {
    assert.equal(checkHistory(history, "0").isLinearizable, isLinearizable);
  });
}

test("checkHistory says where it could not go on", () => {
  const verdict = checkHistory([cas([0, 1], ["0", "1"]), read(2, 3, "0")], "0");
  assert.ok(!verdict.isLinearizable);
  assert.deepEqual([verdict.order.length, verdict.stuck.map(({ client }) => client)], [1, ["r"]]);
});

test("checkHistory takes long histories with many writes that were never answered", () => {
  const history: Operation[] = [];
  for (let i = 0; i < 2000; i++) {
    const at = i * 10;
    history.push(cas([at, at + 5], [String(i), String(i + 1)]), read(at + 1, at + 6, String(i + (i % 2))));
    if (i % 50 === 0) history.push(cas([at, Infinity], [String(i), `lost ${i}`], "unknown"));
  }
  assert.equal(checkHistory(history, "0").isLinearizable, true);
});
