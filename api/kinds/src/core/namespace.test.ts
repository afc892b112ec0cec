/** Namespaces: their label, their finalizer, and who may touch which. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FieldErrors } from "@knarr/machinery/field.ts";
import type { Namespace } from "../../generated/core-v1.ts";
import { namespace } from "./namespace.ts";

const active = (name = "a"): Namespace => ({ metadata: { name }, spec: {}, status: {} });

function found(run: (errors: FieldErrors) => void): string[] {
  const errors = new FieldErrors();
  run(errors);
  return errors.list.map(({ field, message }) => `${field}: ${message}`);
}

test("Namespace has its name as a label, its finalizer and a phase", () => {
  const object = active();
  namespace.defaults!(object);
  namespace.prepareForCreate!(object);
  assert.deepEqual(object, {
    metadata: { name: "a", labels: { "kubernetes.io/metadata.name": "a" } },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  });
});

test("Namespace with a generated name gets its label once it has the name", () => {
  const object: Namespace = { metadata: { generateName: "a-" } };
  namespace.defaults!(object);
  assert.equal(object.metadata.labels, undefined);
  object.metadata.name = "a-x";
  namespace.prepareForCreate!(object);
  assert.equal(object.metadata.labels!["kubernetes.io/metadata.name"], "a-x");
});

test("Namespace keeps its finalizers on update; /finalize changes them", () => {
  const previous: Namespace = {
    ...active(),
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  };
  const object: Namespace = { ...active(), spec: { finalizers: [] } };
  namespace.prepareForUpdate!(object, previous);
  assert.deepEqual(object.spec, { finalizers: ["kubernetes"] });
  const finalize = namespace.subresources!.parts!["finalize"]!;
  const emptied: Namespace = { ...active(), spec: {}, status: { phase: "Terminating" } };
  finalize.prepareForUpdate!(emptied, previous);
  assert.deepEqual([emptied.spec, emptied.status], [{}, { phase: "Active" }]);
});

test("Namespace finalizers name whose they are", () => {
  const bad: Namespace = { ...active(), spec: { finalizers: ["mine", "x.io/y"] } };
  assert.deepEqual(
    found((errors) => namespace.validate!(bad, errors)),
    [
      'spec.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
    ],
  );
  const finalize = namespace.subresources!.parts!["finalize"]!;
  assert.match(found((errors) => finalize.validateUpdate!(bad, bad, errors))[0]!, /^spec.finalizers\[0\]: /);
});

test("Namespace is Terminating when it is being deleted, and only then", () => {
  const { validateUpdate } = namespace.subresources!.status as { validateUpdate: Function };
  const check = (object: Namespace) => found((errors) => validateUpdate(object, object, errors));
  assert.deepEqual(check({ ...active(), status: { phase: "Active" } }), []);
  assert.deepEqual(check({ ...active(), status: { phase: "Terminating" } }), [
    "status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty",
  ]);
});
