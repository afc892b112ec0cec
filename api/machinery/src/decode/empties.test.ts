/** Lists and maps that are there but empty: seen by the rules, gone from what is stored. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { definition } from "@knarr/schema/definitions.ts";
import { decodeValue } from "./decode.ts";
import { withoutEmpties } from "./empties.ts";

const schema = definition("io.k8s.api.rbac.v1.Role");
const role = { group: "rbac.authorization.k8s.io", version: "v1", kind: "Role", schema };
const given = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "Role",
  metadata: { name: "r", labels: {}, finalizers: [] },
  rules: [],
};

test("withoutEmpties takes out what is left out when empty, and makes null what is always written", () => {
  const { object } = decodeValue(given, role, "Ignore", { keepsEmpties: true });
  assert.deepEqual(object["metadata"], { name: "r", labels: {}, finalizers: [] });
  assert.deepEqual(object["rules"], []);
  const stored = withoutEmpties(object, schema);
  assert.deepEqual(stored["metadata"], { name: "r" });
  assert.equal(stored["rules"], null);
  assert.deepEqual(stored, decodeValue(given, role, "Ignore").object);
});

test("withoutEmpties keeps what is always written for those who own fields", () => {
  const { object } = decodeValue(given, role, "Ignore", { keepsEmpties: true });
  const stated = withoutEmpties(object, schema, { keepsWritten: true });
  assert.deepEqual(stated["metadata"], { name: "r" });
  assert.deepEqual(stated["rules"], []);
});

test("withoutEmpties gives back an object that has none", () => {
  const { object } = decodeValue({ ...given, metadata: { name: "r" }, rules: null }, role, "Ignore", {
    keepsEmpties: true,
  });
  assert.equal(withoutEmpties(object, schema), object);
});
