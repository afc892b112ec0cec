/** A key from outside reaches the object that it is set on, and no other. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeProtoOrdinary } from "./ordinary-keys.ts";

test("makeProtoOrdinary leaves nothing that a key could change in other objects", () => {
  makeProtoOrdinary();
  const target: Record<string, any> = {};
  target["__proto__"] = { polluted: true };
  assert.deepEqual(Object.keys(target), ["__proto__"]);
  assert.equal(({} as any).polluted, undefined);
  assert.equal(Object.getPrototypeOf(target), Object.prototype);
  assert.equal(({} as any)["__proto__"], undefined, "reading it finds nothing");
});
