/** Addresses in proxied answers. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { moved, movedHtml } from "./rewrite.ts";

const prefix = "/api/v1/namespaces/a/services/s/proxy";
const place = { prefix, hosts: ["10.0.0.1:80", "localhost:8001"] };

test("movedHtml moves rooted addresses and leaves the others", () => {
  assert.equal(
    movedHtml(`<a href="/x">1</a><img src='/y'><a href="z"><a href="//h/x"><a href="http://h/">`, place),
    `<a href="${prefix}/x">1</a><img src='${prefix}/y'><a href="z"><a href="//h/x"><a href="http://h/">`,
  );
});

for (const [address, want] of [
  ["/login", `${prefix}/login`],
  ["https://elsewhere/", "https://elsewhere/"],
  ["http://10.0.0.1:80/x?y=1#z", `${prefix}/x?y=1#z`],
  ["//localhost:8001/x", `${prefix}/x`],
  [`http://localhost:8001${prefix}/x`, `${prefix}/x`],
  ["mailto:me@x.io", "mailto:me@x.io"],
  ["", ""],
] as const)
  test(`moved(${JSON.stringify(address)}) stays below the proxy`, () =>
    assert.equal(moved(address, place), want));
