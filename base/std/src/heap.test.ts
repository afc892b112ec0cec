/** Heap: whatever goes in comes out sorted. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Heap } from "./heap.ts";

test("Heap gives items in order, whatever the order they came in", () => {
  const heap = new Heap<number>((a, b) => a < b);
  const items = Array.from({ length: 200 }, (_, i) => (i * 7919) % 101);
  for (const item of items) heap.push(item);
  assert.equal(heap.peek(), 0);
  const out = Array.from({ length: heap.size }, () => heap.pop());
  assert.deepEqual(
    out,
    items.toSorted((a, b) => a - b),
  );
  assert.equal(heap.pop(), undefined);
});

test("Heap keeps its order when pushes and pops alternate", () => {
  const heap = new Heap<number>((a, b) => a < b);
  const out: number[] = [];
  for (let i = 0; i < 50; i++) {
    heap.push((i * 31) % 53);
    heap.push((i * 17) % 53);
    out.push(heap.pop()!);
  }
  assert.ok(out.every((item) => item <= heap.peek()! || item < 53));
  const rest = Array.from({ length: heap.size }, () => heap.pop()!);
  assert.deepEqual(
    rest,
    rest.toSorted((a, b) => a - b),
  );
  assert.equal(out.length + rest.length, 100);
});
