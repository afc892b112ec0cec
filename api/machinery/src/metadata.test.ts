/** The rules of metadata, on create and on update. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FieldErrors } from "./field.ts";
import { hasInvalidValues, validateLabelSelector } from "./label-selector-rules.ts";
import { validateMetadata, validateMetadataUpdate } from "./metadata.ts";
import { nameIsPathSegment } from "./names.ts";
import type { ObjectMeta } from "./object.ts";

function created(metadata: ObjectMeta, rules = { namespaced: true }): string[] {
  const errors = new FieldErrors();
  validateMetadata(metadata, errors.at("metadata"), rules);
  return errors.list.map(({ field, message }) => `${field}: ${message}`);
}

function updated(change: ObjectMeta, before: ObjectMeta = {}): string[] {
  const previous = { name: "a", namespace: "b", uid: "1", resourceVersion: "5", ...before };
  const errors = new FieldErrors();
  validateMetadataUpdate({ ...previous, ...change }, previous, errors.at("metadata"), { namespaced: true });
  return errors.list.map(({ field, message }) => `${field}: ${message}`);
}

const fine: ObjectMeta = { name: "a", namespace: "b" };

test("validateMetadata wants a name and a place", () => {
  assert.deepEqual(created(fine), []);
  assert.deepEqual(created({}), [
    "metadata.name: Required value: name or generateName is required",
    "metadata.namespace: Required value",
  ]);
  assert.deepEqual(created(fine, { namespaced: false }), [
    "metadata.namespace: Forbidden: not allowed on this type",
  ]);
  assert.match(
    created({ ...fine, name: "A" })[0]!,
    /^metadata.name: Invalid value: "A": a lowercase RFC 1123 subdomain/,
  );
  const role = { namespaced: true, name: nameIsPathSegment };
  assert.deepEqual(created({ ...fine, name: "system:A" }, role), []);
});

test("validateMetadata looks at every part", () => {
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "x", uid: "1", controller: true };
  const problems = created({
    ...fine,
    generation: -1,
    labels: { "-a": "b" },
    annotations: { "A/B/C": "" },
    ownerReferences: [
      owner,
      { ...owner, name: "y" },
      { apiVersion: "v1", kind: "Event", name: "", uid: "1" },
    ],
    finalizers: ["bad", "orphan", "foregroundDeletion"],
    managedFields: [{ operation: "Guess", fieldsType: "X", manager: "m".repeat(129) }],
  });
  const start = problems.map((line) => line.slice(0, 60));
  assert.deepEqual(
    start.map((line) => line.split(":")[0]),
    [
      "metadata.generation",
      "metadata.labels",
      "metadata.annotations",
      "metadata.ownerReferences",
      "metadata.ownerReferences.name",
      "metadata.ownerReferences",
      "metadata.finalizers",
      "metadata.managedFields[0].operation",
      "metadata.managedFields[0].fieldsType",
      "metadata.managedFields[0].manager",
      "metadata.finalizers[0]",
    ],
  );
  assert.match(
    problems[3]!,
    /Only one reference can have Controller set to true. Found "true" in references for ReplicaSet\/x and ReplicaSet\/y$/,
  );
  assert.match(problems[5]!, /: \/v1, Kind=Event is disallowed from being an owner$/);
  assert.match(problems[10]!, /"bad": name is neither a standard finalizer name nor is it fully qualified$/);
});

test("validateMetadata bounds annotations", () => {
  assert.deepEqual(created({ ...fine, annotations: { a: "x".repeat(256 * 1024) } }), [
    "metadata.annotations: Too long: may not be more than 262144 bytes",
  ]);
});

test("validateMetadataUpdate keeps identity, and says everything as often as upstream", () => {
  assert.deepEqual(updated({ labels: { a: "b" } }), []);
  const twice = (text: string) => [text, text];
  assert.deepEqual(updated({ name: "c" }), twice('metadata.name: Invalid value: "c": field is immutable'));
  assert.deepEqual(updated({ uid: "2" }), twice('metadata.uid: Invalid value: "2": field is immutable'));
  assert.deepEqual(
    updated({ resourceVersion: "" }),
    twice('metadata.resourceVersion: Invalid value: "": must be specified for an update'),
  );
  assert.equal(updated({ labels: { "-a": "b" } }).length, 3);
});

test("validateMetadataUpdate allows no new finalizers on what is going", () => {
  const going = { deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: ["a/b"] };
  const text =
    'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"c/d"}';
  assert.deepEqual(updated({ finalizers: ["a/b", "c/d"] }, going), [text, text]);
  assert.deepEqual(updated({ finalizers: [] }, going), []);
});

test("validateLabelSelector knows which operators take values", () => {
  const errors = new FieldErrors();
  const selector = {
    matchLabels: { a: "b" },
    matchExpressions: [
      { key: "a", operator: "In" },
      { key: "a", operator: "Exists", values: ["x"] },
      { key: "", operator: "Like" },
      { key: "a", operator: "In", values: ["-x"] },
    ],
  };
  validateLabelSelector(selector, errors.at("spec").at("selector"));
  assert.deepEqual(
    errors.list.map(({ field, reason }) => `${field} ${reason}`),
    [
      "spec.selector.matchExpressions[0].values FieldValueRequired",
      "spec.selector.matchExpressions[1].values FieldValueForbidden",
      "spec.selector.matchExpressions[2].operator FieldValueInvalid",
      "spec.selector.matchExpressions[2].key FieldValueInvalid",
      "spec.selector.matchExpressions[2].key FieldValueInvalid",
      "spec.selector.matchExpressions[3].values[0] FieldValueInvalid",
    ],
  );
  assert.ok(hasInvalidValues(selector));
});
