/** The form in which upstream keeps ranges of numbers. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { readRangeAllocation, writeRangeAllocation } from "./range-allocation.ts";

test("a RangeAllocation is read in upstream's JSON", () => {
  const text = '{"kind":"RangeAllocation","apiVersion":"v1","metadata":{"creationTimestamp":null},';
  const stored = Buffer.from(`${text}"range":"30000-32767","data":"AQAC"}`);
  const { first, last, taken } = readRangeAllocation(stored);
  assert.deepEqual([first, last, [...taken]], [30000, 32767, [30001, 30016]]);
});

test("a RangeAllocation is read in upstream's protobuf", () => {
  // As kube-apiserver 1.36.3 had it in etcd after one Service with node port 30001 and another with 30016.
  const stored = Buffer.from(
    [
      "6b3873000a150a027631120f52616e6765416c6c6f636174696f6e12240a100a0012001a0022002a00320038004200",
      "120b33303030302d33323736371a030100021a002200",
    ].join(""),
    "hex",
  );
  const { first, last, taken } = readRangeAllocation(stored);
  assert.deepEqual([first, last, [...taken]], [30000, 32767, [30001, 30016]]);
});

test("a RangeAllocation is written as it is read", () => {
  for (const taken of [[], [30000], [30007, 30008], [30001, 32767]]) {
    const stored = writeRangeAllocation({ first: 30000, last: 32767, taken: new Set(taken) });
    assert.deepEqual([...readRangeAllocation(stored).taken], taken);
  }
});
