/** LineSplitter: the same lines, however the bytes are cut. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { LineSplitter } from "./lines.ts";

test("LineSplitter gives the same lines for every way to cut the bytes", () => {
  const bytes = Buffer.from("eins\nzwei ä€😀\n\nvier\nrest");
  for (let size = 1; size <= bytes.length; size++) {
    const splitter = new LineSplitter();
    const lines: string[] = [];
    for (let at = 0; at < bytes.length; at += size)
      lines.push(...splitter.push(bytes.subarray(at, at + size)));
    assert.deepEqual(lines, ["eins", "zwei ä€😀", "vier"], `cut every ${size} bytes`);
    assert.equal(splitter.end(), "rest");
    assert.equal(splitter.end(), "");
  }
});
