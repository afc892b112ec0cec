/** Accept headers to what is answered. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { outputOf } from "./accept.ts";

const none = new URLSearchParams();
const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io";

for (const [accept, want] of [
  [undefined, "json object v1"],
  ["*/*", "json object v1"],
  ["application/yaml", "yaml object v1"],
  ["application/vnd.kubernetes.protobuf, application/json", "json object v1"],
  [`${TABLE},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json`, "json Table v1"],
  ["application/json;as=Table;v=v9;g=meta.k8s.io,application/json", "json object v1"],
  ["application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1beta1", "json PartialObjectMetadata v1beta1"],
  ["text/html;q=0.9, application/yaml;q=0.5, application/json;q=0.8", "json object v1"],
] as const) {
  test(`outputOf(${accept}) is ${want}`, () => {
    const { format, as, version } = outputOf(accept, none);
    assert.equal(`${format} ${as} ${version}`, want);
  });
}

for (const accept of [
  "text/html",
  "application/vnd.kubernetes.protobuf",
  "application/json;as=Table;v=v9;g=meta.k8s.io",
]) {
  test(`outputOf(${accept}) is refused`, () => {
    assert.throws(() => outputOf(accept, none), { reason: "NotAcceptable", code: 406 });
  });
}

test("outputOf gives no Table where there is none", () => {
  assert.throws(() => outputOf(TABLE, none, { transforms: false }), { code: 406 });
});
