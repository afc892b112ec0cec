/** A kind in another version: stored as its hub, ruled by its hub's rules, seen in its own form. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FieldErrors } from "@knarr/machinery/field.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { defineResource } from "../resource.ts";
import { inVersion } from "./versions.ts";

interface Hub extends ApiObject {
  data?: Record<string, string>;
  immutable?: boolean;
}
interface Spoke extends ApiObject {
  stringData?: Record<string, string>;
  type?: string;
}

const hub = defineResource<Hub>({
  group: "",
  version: "v1",
  kind: "ConfigMap",
  schema: "io.k8s.api.core.v1.ConfigMap",
  plural: "configmaps",
  scope: "Namespaced",
  prepareForUpdate(object, previous) {
    object.data = { ...object.data, before: previous.data?.["x"] ?? "" };
  },
  validate({ data = {} }, errors) {
    if (data["x"] !== "1") errors.at("data").at(["x"]).invalid(data["x"], "must be 1");
  },
  columns: [{ name: "X", value: ({ data }) => data?.["x"] }],
});

/** Calls `data` otherwise and has a field more. */
const spoke = inVersion<Spoke, Hub>(hub, "v1beta1", {
  schema: "io.k8s.api.core.v1.Secret",
  toHub({ stringData, type: _, ...rest }) {
    return { ...rest, ...(stringData && { data: stringData }) };
  },
  fromHub({ data, immutable: _, ...rest }) {
    return { ...rest, ...(data && { stringData: data }) };
  },
});
const object = (): Spoke => ({
  kind: "ConfigMap",
  apiVersion: "v1beta1",
  metadata: { name: "n" },
  stringData: { x: "2" },
});

test("inVersion stores the hub's form and shows its own", () => {
  const { stored } = spoke;
  assert.equal(stored!.as, hub);
  assert.deepEqual(stored!.toHub(object()), {
    kind: "ConfigMap",
    apiVersion: "v1",
    metadata: { name: "n" },
    data: { x: "2" },
  });
  assert.deepEqual(stored!.fromHub(stored!.toHub(object())), object());
});

test("inVersion rules by the hub's rules, which name the hub's fields", () => {
  const errors = new FieldErrors();
  spoke.validate!(object(), errors);
  assert.deepEqual(
    errors.list.map(({ field }) => field),
    ["data[x]"],
  );
  assert.equal(spoke.columns![0]!.value(object(), 0), "2");
});

test("inVersion lets the hub change objects of its own form", () => {
  const changed = object();
  spoke.prepareForUpdate!(changed, Object.freeze(object()));
  assert.deepEqual(changed.stringData, { x: "2", before: "2" });
});

test("inVersion needs no conversion for a version that looks like the hub", () => {
  const alike = inVersion<Hub, Hub>(hub, "v2", { schema: hub.schema });
  assert.equal(alike.validate, hub.validate);
  const stored = alike.stored!.toHub({ kind: "ConfigMap", apiVersion: "v2", metadata: {} });
  assert.equal(stored.apiVersion, "v1");
});
