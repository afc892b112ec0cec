/** Questions of authorization: what they must say. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { tokenRequest } from "../authentication/token-request.ts";
import { localSubjectAccessReview } from "../authorization/local-subject-access-review.ts";
import { selfSubjectAccessReview } from "../authorization/self-subject-access-review.ts";
import { subjectAccessReview } from "../authorization/subject-access-review.ts";
import type { Resource } from "../resource.ts";

function found(resource: Resource<any>, object: object): string[] {
  const errors = new FieldErrors();
  resource.validate!({ metadata: {}, ...object }, errors);
  return errors.list.map(({ field, message }) => `${field}: ${message}`);
}
const resourceAttributes = { verb: "get", resource: "pods", namespace: "a" };

test("SubjectAccessReview asks one thing of somebody", () => {
  assert.deepEqual(found(subjectAccessReview, { spec: { user: "jane", resourceAttributes } }), []);
  assert.deepEqual(found(subjectAccessReview, { spec: {} }), [
    "spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified",
    'spec.user: Invalid value: "": at least one of user or group must be specified',
  ]);
  assert.deepEqual(
    found(selfSubjectAccessReview, { spec: { resourceAttributes, nonResourceAttributes: { path: "/x" } } }),
    [
      'spec.nonResourceAttributes: Invalid value: {"Path":"/x","Verb":""}: cannot be specified in combination with resourceAttributes',
    ],
  );
});

test("SubjectAccessReview has no metadata", () => {
  const object = { metadata: { name: "x", managedFields: [{}] }, spec: { user: "jane", resourceAttributes } };
  assert.deepEqual(found(subjectAccessReview, object), [
    'metadata: Invalid value: {"name":"x","managedFields":[{}]}: must be empty',
  ]);
});

test("LocalSubjectAccessReview asks about its own namespace", () => {
  const object = { metadata: { namespace: "b" }, spec: { user: "jane", resourceAttributes } };
  assert.deepEqual(found(localSubjectAccessReview, object), [
    'spec.resourceAttributes.namespace: Invalid value: "a": must match metadata.namespace',
  ]);
  assert.deepEqual(found(localSubjectAccessReview, { ...object, metadata: { namespace: "a" } }), []);
});

test("SubjectAccessReview checks selectors, but not operators it does not know", () => {
  const labelSelector = {
    requirements: [
      { key: "a", operator: "Newer" },
      { key: "-", operator: "In" },
    ],
  };
  const spec = {
    user: "jane",
    resourceAttributes: { ...resourceAttributes, labelSelector, fieldSelector: {} },
  };
  assert.deepEqual(
    found(subjectAccessReview, { spec }).map((line) => line.split(":")[0]),
    [
      "spec.resourceAttributes.fieldSelector.requirements",
      "spec.resourceAttributes.labelSelector.requirements[1].values",
      "spec.resourceAttributes.labelSelector.requirements[1].key",
    ],
  );
});

test("TokenRequest asks for an hour when it does not say", () => {
  const request = {
    metadata: {},
    spec: { audiences: [] as string[] } as { expirationSeconds?: number; audiences: string[] },
  };
  tokenRequest.defaults!(request);
  assert.equal(request.spec.expirationSeconds, 3600);
  assert.deepEqual(found(tokenRequest, { spec: { expirationSeconds: 1 } }), [
    "spec.expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes",
  ]);
});
