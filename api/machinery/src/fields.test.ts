/** Field selectors: parsing, matching, printing. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FieldSelector, parseFieldSelector } from "./fields.ts";

const fields: Record<string, string> = { "metadata.name": "a", "status.phase": "Running", odd: "x,y=z\\" };
const valueOf = (field: string) => fields[field] ?? "";

for (const [text, matches] of [
  ["", true],
  ["metadata.name=a", true],
  ["metadata.name==a", true],
  ["metadata.name!=a", false],
  ["metadata.name=a,status.phase!=Running", false],
  ["spec.nodeName=", true],
  ["odd=x\\,y\\=z\\\\", true],
  [",metadata.name=a,", true],
] as const) {
  test(`FieldSelector ${JSON.stringify(text)} ${matches ? "matches" : "does not match"}`, () =>
    assert.equal(parseFieldSelector(text).matches(valueOf), matches));
}

for (const [text, why] of [
  ["metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
  ["a=b=c", "invalid field selector: unescaped character in value: 61"],
  ["a=b\\c", "invalid field selector: invalid escape sequence: \\c"],
  ["a=b\\", "invalid field selector: invalid escape sequence: \\"],
] as const) {
  test(`parseFieldSelector refuses ${text}`, () =>
    assert.throws(() => parseFieldSelector(text), { name: "SyntaxError", message: why }));
}

test("FieldSelector reads back what it prints", () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom("=", "!=" as const), (value, operator) => {
      const terms = [{ field: "a.b", operator, value }];
      assert.deepEqual(parseFieldSelector(new FieldSelector(terms).toString()).terms, terms);
    }),
  );
});
