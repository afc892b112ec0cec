/** The checker itself: what it must accept, and what it must not. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { checkHistory, type Operation } from "./linearizability.ts";

const read = (called: number, returned: number, value: string): Operation => ({
  ...{ client: "r", type: "read", called, returned, value },
});
const cas = (
  [called, returned]: readonly [number, number],
  [expected, value]: readonly [string, string],
  outcome: "ok" | "refused" | "unknown" = "ok",
): Operation => ({ ...{ client: "w", type: "cas", called, returned, expected, value, outcome } });

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
