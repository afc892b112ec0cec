/** What a heap keeps is found by the name of its constructor, and what comes and goes is not. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { writeHeapSnapshot } from "node:v8";
import { grown, heapCounts, type HeapCounts } from "./heap-counts.ts";

class Kept {
  readonly text = `${Math.random()}`;
}
class Passing {
  readonly text = `${Math.random()}`;
}

test("grown names what each of two spans of time has left behind", () => {
  const folder = mkdtempSync(join(tmpdir(), "knarr-heap-"));
  const kept: Kept[] = [];
  const next = (): HeapCounts => {
    const passing = Array.from({ length: 500 }, () => new Passing());
    kept.push(...passing.map(() => new Kept()));
    passing.length = 0;
    return heapCounts(writeHeapSnapshot(join(folder, "heap")));
  };
  try {
    const found = grown([next(), next(), next()], 400).map(([name]) => name);
    assert.ok(found.includes("object Kept"), found.join());
    assert.ok(!found.includes("object Passing"), found.join());
    assert.equal(kept.length, 1500);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
