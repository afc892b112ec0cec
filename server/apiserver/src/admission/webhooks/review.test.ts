/** Answers of webhooks, good and bad, in both versions of AdmissionReview. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { readReview, reviewVersionOf, verdictOf, type ReviewVersion } from "./review.ts";

const patch = Buffer.from("[]").toString("base64");

function verdict(answer: object, { version = "v1" as ReviewVersion, isMutating = true } = {}) {
  const document = { kind: "AdmissionReview", apiVersion: `admission.k8s.io/${version}`, ...answer };
  return verdictOf(readReview(document, version).response, { version, uid: "u", isMutating });
}

test("reviewVersionOf takes the first version that is known", () => {
  assert.equal(reviewVersionOf(["v9", "v1beta1", "v1"]), "v1beta1");
  assert.equal(reviewVersionOf(["v9"]), undefined);
});

test("verdictOf reads what a webhook says", () => {
  const response = { uid: "u", allowed: true, patch, patchType: "JSONPatch", warnings: ["w"] };
  assert.deepEqual(verdict({ response }), {
    allowed: true,
    patch: "[]",
    patchType: "JSONPatch",
    status: undefined,
    warnings: ["w"],
    auditAnnotations: {},
  });
});

test("verdictOf reads null for a text as Go does", () => {
  assert.deepEqual(verdict({ response: { uid: "u", warnings: [null, "w"] } }).warnings, ["", "w"]);
});

test("verdictOf takes from v1beta1 what v1 would not", () => {
  const { allowed, patchType } = verdict({ response: { allowed: true, patch } }, { version: "v1beta1" });
  assert.deepEqual([allowed, patchType], [true, "JSONPatch"]);
  const response = { allowed: true, patch, patchType: "JSONPatch" };
  assert.equal(verdict({ response }, { version: "v1beta1", isMutating: false }).patch, "");
});

for (const [name, answer, message, isMutating = true] of [
  ["nothing", {}, "webhook response was absent"],
  ["another uid", { response: { uid: "x" } }, 'expected response.uid="u", got "x"'],
  [
    "a patch without type",
    { response: { uid: "u", patch } },
    "webhook returned response.patch but not response.patchType",
  ],
  [
    "a type without patch",
    { response: { uid: "u", patchType: "JSONPatch" } },
    "webhook returned response.patchType but not response.patch",
  ],
  [
    "a patch where none may be",
    { response: { uid: "u", patch } },
    "validating webhook may not return response.patch",
    false,
  ],
  [
    "a warning that is no text",
    { response: { uid: "u", warnings: [1] } },
    "json: cannot unmarshal number into Go struct field AdmissionResponse.response.warnings of type string",
  ],
  [
    "a code that is no number",
    { response: { uid: "u", status: { code: "x" } } },
    "json: cannot unmarshal string into Go struct field Status.response.status.code of type int32",
  ],
  ["no kind", { kind: "" }, /^Object 'Kind' is missing in '/],
  [
    "the other version",
    { apiVersion: "admission.k8s.io/v1beta1" },
    "converting (v1beta1.AdmissionReview) to (v1.AdmissionReview): unknown conversion",
  ],
  [
    "another kind",
    { kind: "Pod", apiVersion: "v1" },
    /^no kind "Pod" is registered for version "v1" in scheme/,
  ],
  ["text for a flag", { response: { uid: "u", allowed: "yes" } }, /^json: cannot unmarshal string into/],
] as const) {
  test(`verdictOf refuses ${name}`, () => {
    assert.throws(() => verdict(answer, { isMutating }), { message });
  });
}
