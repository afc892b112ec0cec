/** What Go makes of URLs, good and bad; taken from the net/url package of Go itself. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { isRequestUri, parseGoUrl, parseRequestUri } from "./go-url.ts";

for (const [text, want] of [
  ["", { scheme: "", host: "", path: "" }],
  ["HTTPS://Host.svc:8443/a/b", { scheme: "https", host: "Host.svc:8443", path: "/a/b" }],
  ["https://u:p@h?q=1#f", { user: "u:p", host: "h", path: "", query: "q=1", fragment: "f" }],
  ["https://[::1]:443/", { host: "[::1]:443", path: "/" }],
  ["mailto:a@b", { scheme: "mailto", host: "", path: "" }],
  ["///x", { host: "", path: "///x" }],
  ["//h/x", { host: "h", path: "/x" }],
  ["9https://h", "first path segment in URL cannot contain colon"],
  ["://h", "missing protocol scheme"],
  ["https://h:1:2/", 'invalid port ":1:2" after host'],
  ["https://[1.2.3.4]/", "invalid IP-literal"],
  ["https://h:x/", 'invalid port ":x" after host'],
  ["https://[::1/", "missing ']' in host"],
  ["https://a b/", 'invalid character " " in host name'],
  ["https://h/%zz", 'invalid URL escape "%zz"'],
  ["https://h%41/", 'invalid URL escape "%41"'],
  ["https://a<b@h/", "net/url: invalid userinfo"],
  ["https://h/\n", "net/url: invalid control character in URL"],
] as const) {
  test(`parseGoUrl(${JSON.stringify(text)})`, () => {
    if (typeof want === "string")
      assert.throws(() => parseGoUrl(text), {
        name: "SyntaxError",
        message: `parse ${JSON.stringify(text)}: ${want}`,
      });
    else assert.partialDeepStrictEqual(parseGoUrl(text), want);
  });
}

test("parseRequestUri wants an absolute URL or path", () => {
  assert.ok(isRequestUri("/a/b?c"));
  assert.ok(isRequestUri("//a b"));
  assert.ok(isRequestUri("urn:x"));
  assert.ok(!isRequestUri("a/b"));
  assert.throws(() => parseRequestUri("a"), { message: 'parse "a": invalid URI for request' });
  assert.throws(() => parseRequestUri(""), { message: 'parse "": empty url' });
  assert.throws(() => parseRequestUri("http://a b/"), {
    message: 'parse "http://a b/": invalid character " " in host name',
  });
});
