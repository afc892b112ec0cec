/** API failures: the Status on the wire, and the error rebuilt from it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FieldErrors } from "./field.ts";
import { ApiError, conflict, forbidden, invalid, isNotFound, notFound } from "./status.ts";

const deployments = { group: "apps", resource: "deployments" };
const pods = { group: "", resource: "pods" };

test("ApiError goes over the wire as a Status and comes back the same", () => {
  const err = notFound(deployments, "web");
  const wire = JSON.parse(JSON.stringify(err));
  assert.deepEqual(wire, {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: 'deployments.apps "web" not found',
    reason: "NotFound",
    details: { name: "web", group: "apps", kind: "deployments" },
    code: 404,
  });
  const back = ApiError.from(wire, 404);
  assert.ok(isNotFound(back));
  assert.deepEqual(JSON.parse(JSON.stringify(back)), wire);
});

test("forbidden leaves out what is not known", () => {
  assert.equal(forbidden(pods, "", "no").message, "pods is forbidden: no");
  assert.equal(forbidden({ group: "", resource: "" }, "", "no").message, "forbidden: no");
  assert.equal(conflict(pods, "a", "why").message, 'Operation cannot be fulfilled on pods "a": why');
});

test("invalid shows each finding once in its message, and all as causes", () => {
  const errors = new FieldErrors();
  const replicas = errors.at("spec").at("replicas");
  replicas.invalid(-1, "must be greater than or equal to 0");
  const one = invalid({ group: "apps", kind: "Deployment" }, "web", errors.list);
  assert.equal(
    one.message,
    'Deployment.apps "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
  );
  replicas.invalid(-1, "must be greater than or equal to 0");
  const same = invalid({ group: "apps", kind: "Deployment" }, "web", errors.list);
  assert.equal(same.message, one.message);
  assert.equal(same.details!.causes!.length, 2);
  errors.at("spec").at("paused").required();
  assert.equal(
    invalid({ group: "", kind: "Pod" }, "", errors.list).message,
    'Pod "" is invalid: [spec.replicas: Invalid value: -1: must be greater than or equal to 0, spec.paused: Required value]',
  );
});

test("FieldErrors word findings as upstream does", () => {
  const errors = new FieldErrors();
  const at = errors.at("spec").at("items").at(0).at(["a/b"]);
  at.required("say it");
  at.notSupported("x", ["a", "b"]);
  at.duplicate({ name: "<a>" });
  at.forbidden("no");
  at.notFound("x");
  at.tooLong(1);
  at.tooLongCharacters(2);
  at.tooMany(3, 2);
  at.tooFew(0, 1);
  at.invalid(undefined, "nothing");
  at.immutable(["a"], ["b"]);
  at.immutable([], undefined);
  assert.equal(at.path, "spec.items[0][a/b]");
  assert.deepEqual(
    errors.list.map(({ reason, message }) => `${reason} ${message}`),
    [
      "FieldValueRequired Required value: say it",
      'FieldValueNotSupported Unsupported value: "x": supported values: "a", "b"',
      'FieldValueDuplicate Duplicate value: {"name":"\\u003ca\\u003e"}',
      "FieldValueForbidden Forbidden: no",
      'FieldValueNotFound Not found: "x"',
      "FieldValueTooLong Too long: may not be more than 1 byte",
      "FieldValueTooLong Too long: may not be more than 2 characters",
      "FieldValueTooMany Too many: 3: must have at most 2 items",
      "FieldValueTooFew Too few: 0: must have at least 1 item",
      "FieldValueInvalid Invalid value: null: nothing",
      'FieldValueInvalid Invalid value: ["a"]: field is immutable',
    ],
  );
});
