/** Quantities: text in, text out, arithmetic. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalQuantity, compareQuantities, parseQuantity, Quantity } from "./quantity.ts";

for (const [text, canonical] of [
  ["0", "0"],
  ["0m", "0"],
  ["100m", "100m"],
  ["1000m", "1"],
  ["1500m", "1500m"],
  ["0.5", "500m"],
  [".5", "500m"],
  ["1.5", "1500m"],
  ["1.500", "1.500"],
  ["100000", "100k"],
  ["128974848", "128974848"],
  ["129e6", "129e6"],
  ["129M", "129M"],
  ["1000e3", "1e6"],
  ["123Mi", "123Mi"],
  ["1.5Gi", "1536Mi"],
  ["1024Ki", "1Mi"],
  ["512Ki", "512Ki"],
  ["0.5Ki", "512"],
  ["1024", "1024"],
  ["8Gi", "8Gi"],
  ["+5", "+5"],
  ["-5", "-5"],
  ["-0.0001", "-100u"],
  ["0.0000000001", "1n"],
  ["-0.0000000001", "-1n"],
  ["9223372036854775807", "9223372036854775807"],
  ["10Ei", "9223372036854775807"],
  ["1E", "1E"],
  ["12345678901234567890", "12345678901234567890"],
  ["0.1Ki", "102400m"],
] as const) {
  test(`canonicalQuantity rewrites ${text} as ${canonical}`, () =>
    assert.equal(canonicalQuantity(text), canonical));
}

for (const [text, why] of [
  ["", /quantities must match/],
  ["1x", /quantities must match/],
  ["1.1.1", /quantities must match/],
  ["1 Gi", /quantities must match/],
  ["true", /quantities must match/],
  ["1Zi", /quantities must match/],
  ["1mm", /unable to parse quantity's suffix/],
  ["1e", /unable to parse quantity's suffix/],
  ["1Ki2", /unable to parse quantity's suffix/],
] as const) {
  test(`parseQuantity refuses ${JSON.stringify(text)}`, () =>
    assert.throws(() => parseQuantity(text), { name: "SyntaxError", message: why }));
}

test("Quantity adds and subtracts exactly", () => {
  assert.equal(parseQuantity("1.5Gi").plus(parseQuantity("512Mi")).toString(), "2Gi");
  assert.equal(parseQuantity("100m").plus(parseQuantity("0.2")).toString(), "300m");
  assert.equal(parseQuantity("1").minus(parseQuantity("999m")).toString(), "1m");
  assert.equal(Quantity.of(0).plus(parseQuantity("1Gi")).toString(), "1Gi");
});

test("Quantity rounds units up", () => {
  assert.equal(parseQuantity("100m").value, 1);
  assert.equal(parseQuantity("1.0001").milliValue, 1001);
  assert.equal(parseQuantity("2Ki").value, 2048);
});

test("compareQuantities sees through formats", () => {
  assert.equal(compareQuantities("1Gi", "1073741824"), 0);
  assert.equal(compareQuantities("1G", "1Gi"), -1);
  assert.equal(compareQuantities("0.1", "99m"), 1);
});

test("canonicalQuantity is stable and keeps the amount", () => {
  const digits = fc.stringMatching(/^[0-9]{1,12}(\.[0-9]{0,4})?$/);
  const suffix = fc.constantFrom("", "m", "k", "M", "G", "Ki", "Mi", "Gi", "e3", "E2", "u");
  fc.assert(
    fc.property(digits, suffix, (number, end) => {
      const text = number + end;
      const canonical = canonicalQuantity(text);
      assert.equal(canonicalQuantity(canonical), canonical);
      assert.equal(compareQuantities(text, canonical), 0);
    }),
  );
});
