/** The checker itself: what it must accept, and what it must find. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { problemsOf, type ObjectHistory, type Seen, type State } from "./object-history.ts";

const at = (name: string, revision: number, uid = `uid of ${name}`): State => ({
  ...{ name, revision, uid, value: `${name}${revision}` },
});
const saw = (type: Seen["type"], state: State): Seen => ({ type, state });

/** The history that the header of object-history.ts draws. */
const good: ObjectHistory = {
  before: { revision: 4, states: [] },
  told: [
    { type: "put", state: at("a", 5), after: 4 },
    { type: "put", state: at("b", 6), after: 4 },
    { type: "put", state: at("a", 7), after: 6 },
    { type: "delete", name: "b", uid: "uid of b" },
  ],
  seen: [
    saw("ADDED", at("a", 5)),
    saw("ADDED", at("b", 6)),
    saw("MODIFIED", at("a", 7)),
    saw("DELETED", at("b", 9)),
  ],
  lists: [
    { revision: 6, states: [at("a", 5), at("b", 6)] },
    { revision: 9, states: [at("a", 7)] },
  ],
};

const without = (index: number): Partial<ObjectHistory> => ({ seen: good.seen.toSpliced(index, 1) });

const cases: readonly (readonly [
  name: string,
  change: Partial<ObjectHistory>,
  problem: RegExp | undefined,
])[] = [
  ["a history that fits", {}, undefined],
  ["a write nobody was told of", { told: good.told.slice(1) }, undefined],
  [
    "an acknowledged create that is gone",
    without(0),
    /a@5=a5 .* was acknowledged, and the watch saw nothing/,
  ],
  [
    "an acknowledged delete that did not happen",
    without(3),
    /delete of b .* was acknowledged and never seen/,
  ],
  [
    "a change that the watch missed though nobody was told of it",
    { ...without(1), told: good.told.toSpliced(1, 1) },
    /The list of 6 has b@6/,
  ],
  ["a change seen twice", { seen: [...good.seen, good.seen[3]!] }, /DELETED b@9=b9 .* after revision 9/],
  [
    "a revision that was used again",
    { told: [...good.told, { type: "put", state: at("c", 6), after: 7 }] },
    /c@6=c6 .* was acknowledged when revision 7/,
  ],
  [
    "an object that is there twice",
    { lists: [{ revision: 9, states: [at("a", 7), at("a", 7)] }] },
    /The list of 9 has a@7/,
  ],
  [
    "an object that is another one",
    { lists: [{ revision: 9, states: [at("a", 7, "x")] }] },
    /The list of 9 has a@7=a7 \(x\)/,
  ],
  ["a list that goes back", { lists: good.lists.toReversed() }, /A list gave revision 6 after 9/],
];

for (const [name, change, problem] of cases) {
  test(`problemsOf ${problem ? "finds" : "accepts"} ${name}`, () => {
    const problems = problemsOf({ ...good, ...change });
    if (problem)
      assert.ok(
        problems.some((text) => problem.test(text)),
        problems.join("\n"),
      );
    else assert.deepEqual(problems, []);
  });
}
