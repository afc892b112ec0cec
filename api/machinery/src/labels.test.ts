/** Label selectors: parsing, matching, printing. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseLabelSelector, selectorOf, selectorOfLabels } from "./labels.ts";

const labels = { app: "web", tier: "front", size: "12" };
for (const [text, matches] of [
  ["", true],
  ["app=web", true],
  ["app == web", true],
  ["app=api", false],
  ["app!=api", true],
  ["none!=x", true],
  ["app in (web,api)", true],
  ["app in (api)", false],
  ["app notin (api)", true],
  ["none notin (api)", true],
  ["app", true],
  ["!app", false],
  ["!none", true],
  ["app,tier=front", true],
  ["size>10", true],
  ["size<10", false],
  ["app>10", false],
  ["none in ()", false],
  ["in in (in)", false],
  ["toString", false],
] as const) {
  test(`LabelSelector ${JSON.stringify(text)} ${matches ? "matches" : "does not match"}`, () =>
    assert.equal(parseLabelSelector(text).matches(labels), matches));
}

for (const [text, why] of [
  ["a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
  ["a,", "found '', expected: identifier after ','"],
  [",a", "found ',', expected: !, identifier, or 'end of string'"],
  ["a=b c", "found 'c', expected: ',' or 'end of string'"],
  ["a in b", "unable to parse requirement: found 'b' expected: '('"],
  ["a in (b", "unable to parse requirement: found '', expected: ',' or ')'"],
  [
    "a>x",
    `unable to parse requirement: values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`,
  ],
  [
    "-a",
    `unable to parse requirement: <nil>: Invalid value: "-a": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
  ],
  [
    "a=-b",
    `unable to parse requirement: values[0][a]: Invalid value: "-b": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
  ],
] as const) {
  test(`parseLabelSelector refuses ${JSON.stringify(text)}`, () =>
    assert.throws(() => parseLabelSelector(text), { name: "SyntaxError", message: why }));
}

test("LabelSelector prints as upstream does", () => {
  const text = "x in (c,a,,b), !z ,y == 1,a";
  assert.equal(parseLabelSelector(text).toString(), "a,x in (,a,b,c),y==1,!z");
});

test("LabelSelector names the one value an index can look up", () => {
  const selector = parseLabelSelector("a=1,b in (2),c in (3,4),d!=5");
  assert.deepEqual(
    ["a", "b", "c", "d"].map((key) => selector.exactValue(key)),
    ["1", "2", undefined, undefined],
  );
});

test("selectorOf selects nothing when absent, everything when empty", () => {
  assert.equal(selectorOf(undefined).matches(labels), false);
  assert.equal(selectorOf({}).matches(labels), true);
  const selector = selectorOf({
    matchLabels: { app: "web" },
    matchExpressions: [
      { key: "tier", operator: "In", values: ["front"] },
      { key: "old", operator: "DoesNotExist" },
    ],
  });
  assert.equal(selector.matches(labels), true);
  assert.equal(selector.toString(), "app=web,!old,tier in (front)");
  assert.throws(
    () => selectorOf({ matchExpressions: [{ key: "a", operator: "Like" }] }),
    /"Like" is not a valid/,
  );
  assert.equal(selectorOfLabels({ app: "web" }).matches(labels), true);
  assert.equal(selectorOfLabels({}).matches(undefined), true);
});

const key = fc.constantFrom("app", "tier", "size", "x.io/a");
const word = fc.constantFrom("web", "front", "12", "7", "a.b-c", "");
const number = fc.constantFrom("1", "12", "99");
const term = fc.oneof(
  fc.tuple(key, fc.constantFrom("=", "==", "!="), word).map((parts) => parts.join("")),
  fc.tuple(key, fc.constantFrom(">", "<"), number).map((parts) => parts.join("")),
  fc
    .tuple(key, fc.constantFrom("in", "notin"), fc.array(word, { minLength: 1, maxLength: 3 }))
    .map(([name, operator, values]) => `${name} ${operator} (${values.join(",")})`),
  key,
  key.map((name) => `!${name}`),
);

test("LabelSelector means the same when it is written and read again, and refuses garbage with SyntaxError", () => {
  const some = fc.array(term, { minLength: 1, maxLength: 4 }).map((terms) => terms.join(","));
  fc.assert(
    fc.property(some, fc.dictionary(key, word), (text, object) => {
      const selector = parseLabelSelector(text);
      const again = parseLabelSelector(selector.toString());
      assert.equal(again.toString(), selector.toString());
      assert.equal(again.matches(object), selector.matches(object));
    }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z=!<>(), \n/.]{0,20}$/)), (text) => {
      try {
        parseLabelSelector(text);
      } catch (err) {
        assert.ok(err instanceof SyntaxError, String(err));
      }
    }),
  );
});
