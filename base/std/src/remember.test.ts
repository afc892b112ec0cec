/** What functions remember, and what they forget. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { remembering } from "./remember.ts";

test("remembering() answers the same again, and asks anew once it had to forget", () => {
  const boxOf = remembering(2, (text: string) => ({ text }));
  const first = boxOf("a");
  assert.equal(boxOf("a"), first);
  boxOf("b");
  assert.equal(boxOf("a"), first, "two fit");
  boxOf("c");
  assert.notEqual(boxOf("a"), first, "the third was one too many");
  assert.deepEqual(boxOf("a"), { text: "a" });
});

test("remembering() remembers that there is no answer, but no failure", () => {
  let isBroken = true;
  let asked = 0;
  const find = remembering(10, (name: string): string | undefined => {
    asked++;
    if (isBroken) throw new Error(`no ${name}`);
    return undefined;
  });
  assert.throws(() => find("a"), /no a/);
  isBroken = false;
  assert.equal(find("a"), undefined);
  assert.equal(find("a"), undefined);
  assert.equal(asked, 2);
});
