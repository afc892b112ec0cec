/** URLs as Go's net/url reads and refuses them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { hostnameOf, isRequestUri, parseRequestUri, parseUrl, portOf } from "./url.ts";

test("parseUrl takes a URL apart and repairs nothing", () => {
  const url = parseUrl("HTTPS://me:s%20t@Example.com:8443/a%2fb/../c?x=1&y#top");
  assert.equal(url.scheme, "https");
  assert.deepEqual(url.user, { name: "me", password: "s t" });
  assert.equal(url.host, "Example.com:8443");
  assert.equal(hostnameOf(url), "Example.com");
  assert.equal(portOf(url), "8443");
  assert.equal(url.path, "/a/b/../c");
  assert.equal(url.rawQuery, "x=1&y");
  assert.equal(url.fragment, "top");
  assert.equal(parseUrl("mailto:a@b").opaque, "a@b");
  assert.equal(hostnameOf(parseUrl("http://[fe80::1%25en0]:80/")), "fe80::1%en0");
  assert.equal(parseUrl("a/b?").forceQuery, true);
});

const refused: readonly (readonly [text: string, why: string])[] = [
  ["http://a b/", 'invalid character " " in host name'],
  ["http://a:b/", 'invalid port ":b" after host'],
  ["http://a:1:2/", 'invalid port ":1:2" after host'],
  ["http://[::1/", "missing ']' in host"],
  ["http://[1.2.3.4]/", "invalid IP-literal"],
  ["http://%41/", 'invalid URL escape "%41"'],
  ["http://a/%zz", 'invalid URL escape "%zz"'],
  [":x", "missing protocol scheme"],
  ["a:b/c\n", "net/url: invalid control character in URL"],
  ["1:b", "first path segment in URL cannot contain colon"],
];

for (const [text, why] of refused)
  test(`parseUrl refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseUrl(text), { message: `parse ${JSON.stringify(text)}: ${why}` });
  });

test("parseRequestUri wants an absolute URL or path", () => {
  assert.ok(isRequestUri("/a/b?c"));
  assert.ok(isRequestUri("urn:x"));
  assert.ok(!isRequestUri("a/b"));
  assert.throws(() => parseRequestUri("a"), { message: 'parse "a": invalid URI for request' });
  assert.throws(() => parseRequestUri(""), { message: 'parse "": empty url' });
});
