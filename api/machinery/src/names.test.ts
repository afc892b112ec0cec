/** Names, keys, values and addresses, with upstream's words for what is wrong. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { cidrWarnings, ipWarnings, legacyCidr, legacyIp, validCidr, validIp } from "./addresses.ts";
import * as names from "./names.ts";
import { quote } from "./quote.ts";

const create = { generateName: false };
const prefix = { generateName: true };

for (const [rule, good, bad] of [
  ["dns1123Subdomain", ["a", "a.b-c", "1.2"], ["", "A", "a_b", "-a", "a.", "a..b", "é"]],
  ["dns1123Label", ["a", "1-a"], ["", "a.b", "a-"]],
  ["dns1035Label", ["a", "a-1"], ["", "1a", "a.b"]],
  ["qualifiedName", ["a", "A_b.c", "example.com/a"], ["", "/a", "a/", "a/b/c", "A/b", "-a", "a".repeat(64)]],
  ["labelValue", ["", "a", "A_1.b"], ["-a", "a b", "a".repeat(64)]],
  ["configMapKey", ["a", ".a", "A_b.c-d"], ["", ".", "..", "..a", "a/b", "a".repeat(254)]],
  ["envVarName", ["A", "_a", "a.b-c"], ["", "1a", "a b", ".."]],
  ["relaxedEnvVarName", ["A", "1 a!", "..", "a:b"], ["", "a=b", "é", "a\n"]],
  ["portName", ["http", "p-1"], ["", "Http", "1", "a--b", "-a", "a".repeat(16)]],
  ["cIdentifier", ["_a1"], ["1a", "a-b"]],
  ["wildcardDns1123Subdomain", ["*.a.b"], ["*", "a.*.b", "*a"]],
] as const) {
  test(`${rule} tells good from bad`, () => {
    for (const text of good) assert.deepEqual([...names[rule](text)], [], text);
    for (const text of bad) assert.notEqual(names[rule](text).length, 0, text);
  });
}

test("dns1123Label says what to do", () => {
  assert.deepEqual(names.dns1123Label("a.b"), ["must not contain dots"]);
  assert.deepEqual(names.dns1123Label("A"), [
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  ]);
  assert.deepEqual(names.dns1123Label("a".repeat(64)), ["must be no more than 63 characters"]);
});

test("qualifiedName tells prefix from name", () => {
  assert.deepEqual(names.qualifiedName("/"), [
    "prefix part must be non-empty",
    "name part must be non-empty",
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
  ]);
});

test("names allow a trailing dash in a prefix only", () => {
  assert.deepEqual([...names.nameIsDnsSubdomain("web-", prefix)], []);
  assert.equal(names.nameIsDnsSubdomain("web-", create).length, 1);
  assert.deepEqual([...names.nameIsPathSegment("system:admin", create)], []);
  assert.deepEqual([...names.nameIsPathSegment("..", create)], ["may not be '..'"]);
  assert.deepEqual(
    [...names.nameIsPathSegment("a/b%", prefix)],
    ["may not contain '/'", "may not contain '%'"],
  );
});

test("addresses are told apart as upstream tells them", () => {
  for (const text of ["1.2.3.4", "::1", "fe80::abc", "FE80::1"])
    assert.deepEqual([...legacyIp(text)], [], text);
  assert.deepEqual(legacyIp("1.2.3"), ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]);
  assert.deepEqual(legacyIp("01.2.3.4"), ["must not have leading 0s"]);
  assert.deepEqual(legacyIp("::ffff:1.2.3.4"), ["must not be an IPv4-mapped IPv6 address"]);
  assert.deepEqual(validIp("FE80:0::1"), ['must be in canonical form ("fe80::1")']);
  assert.deepEqual([...legacyCidr("10.0.0.0/8")], []);
  assert.deepEqual(legacyCidr("10.0.0.1/8"), ["must not have bits set beyond the prefix length"]);
  assert.deepEqual(legacyCidr("10.0.0.0/33"), [
    "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
  ]);
  assert.deepEqual(legacyCidr("10.0.0.0/08"), ["must not have leading 0s in IP or prefix length"]);
  assert.deepEqual(validCidr("2001:DB8::/32"), ['must be in canonical form ("2001:db8::/32")']);
  assert.deepEqual(ipWarnings("spec.ip", "2001:DB8:0:0::1"), [
    'spec.ip: IPv6 address "2001:DB8:0:0::1" should be in RFC 5952 canonical format ("2001:db8::1")',
  ]);
  assert.deepEqual(cidrWarnings("spec.cidr", "10.0.0.1/8"), [
    'spec.cidr: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
  ]);
});

test("quote writes text as Go does", () => {
  assert.equal(quote('a"b\\'), '"a\\"b\\\\"');
  assert.equal(quote("\u0000\n\u007fé\u200b"), '"\\x00\\n\\x7fé\\u200b"');
});
