/** Addresses in proxied answers. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { movedHtml, movedLocation } from "./proxy-rewrite.ts";

const prefix = "/api/v1/namespaces/a/services/s/proxy";

test("movedHtml moves rooted addresses and leaves the others", () => {
  assert.equal(
    movedHtml(`<a href="/x">1</a><img src='/y'><a href="z"><a href="//h/x"><a href="http://h/">`, prefix),
    `<a href="${prefix}/x">1</a><img src='${prefix}/y'><a href="z"><a href="//h/x"><a href="http://h/">`,
  );
});

test("movedLocation keeps a redirect below the proxy", () => {
  assert.equal(movedLocation("/login", prefix), `${prefix}/login`);
  assert.equal(movedLocation("https://elsewhere/", prefix), "https://elsewhere/");
});
