/** Ownership of replicas, carried to a Scale and back. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ManagedFieldsEntry } from "../object.ts";
import { parentManagedFields, scaleManagedFields } from "./scale-fields.ts";

const mapping = { apiVersion: "apps/v1", path: "spec.replicas" };

function entry(
  manager: string,
  fieldsV1: object,
  more: Partial<ManagedFieldsEntry> = {},
): ManagedFieldsEntry {
  return {
    manager,
    operation: "Update",
    apiVersion: "apps/v1",
    time: "2026-01-01T00:00:00Z",
    fieldsType: "FieldsV1",
    fieldsV1: fieldsV1 as never,
    ...more,
  };
}

const creator = entry("kubectl", { "f:spec": { "f:paused": {}, "f:replicas": {} } });
const scaler = entry(
  "hpa",
  { "f:spec": { "f:replicas": {} } },
  { apiVersion: "autoscaling/v1", subresource: "scale" },
);

test("scaleManagedFields shows owners of replicas as owners of the Scale's", () => {
  assert.deepEqual(scaleManagedFields([creator, entry("other", { "f:spec": { "f:paused": {} } })], mapping), [
    entry("kubectl", { "f:spec": { "f:replicas": {} } }, { apiVersion: "autoscaling/v1" }),
  ]);
});

test("parentManagedFields gives replicas to who scaled, without a time, and takes them from who had them", () => {
  const { time: _, ...scaled } = { ...scaler, apiVersion: "apps/v1" };
  assert.deepEqual(parentManagedFields([creator], [scaler], mapping), [
    scaled,
    entry("kubectl", { "f:spec": { "f:paused": {} } }),
  ]);
});

test("parentManagedFields changes nothing for owners that kept the replicas", () => {
  const scale = scaleManagedFields([creator], mapping);
  assert.deepEqual(parentManagedFields([creator], scale, mapping), [creator]);
});
