/** What the status of a definition comes to say, and what it keeps saying. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { boats } from "../../testing/boats.ts";
import { conditionOf, type Definition } from "../definition.ts";
import { judged } from "./conditions.ts";

const THEN = "2026-01-01T00:00:00Z";
const NOW = "2026-01-02T00:00:00Z";

const names = { plural: "boats", singular: "boat", kind: "Boat", listKind: "BoatList", shortNames: ["bo"] };

function definition(change: Partial<Definition["spec"]> = {}, annotations = {}): Definition {
  const made = boats();
  return { ...made, metadata: { ...made.metadata, annotations }, spec: { ...made.spec, names, ...change } };
}

const alone = (made: Definition, now = THEN): Definition => judged(made, [made], now);

function said(made: Definition, type: string): string | undefined {
  const condition = conditionOf(made, type);
  return condition && `${condition.status} ${condition.reason}: ${condition.message}`;
}

test("a definition gets the names that are free, is established, and then left alone", () => {
  const made = alone(definition());
  assert.deepEqual(made.status?.acceptedNames, names);
  assert.equal(said(made, "NamesAccepted"), "True NoConflicts: no conflicts found");
  assert.equal(said(made, "Established"), "True InitialNamesAccepted: the initial names have been accepted");
  assert.equal(alone(made, NOW), made);
});

test("names that somebody else has are not given, those before are kept, and it stays established", () => {
  const ships = { plural: "ships", singular: "ship", kind: "Ship", listKind: "ShipList", shortNames: ["s"] };
  const other = alone({ ...definition({ names: ships }), metadata: { name: "ships.x.io" } });
  const before = alone(definition());
  const wanted = { ...names, singular: "ship", shortNames: ["s", "b"] };
  const made = judged({ ...before, spec: { ...before.spec, names: wanted } }, [before, other], NOW);
  assert.equal(said(made, "NamesAccepted"), 'False ShortNamesConflict: "s" is already in use');
  const { singular, listKind, shortNames } = made.status!.acceptedNames!;
  assert.deepEqual([singular, listKind, shortNames], ["boat", "BoatList", ["bo"]]);
  assert.match(said(made, "Established")!, /^True /);
  assert.equal(conditionOf(made, "NamesAccepted")!.lastTransitionTime, NOW);
  assert.equal(conditionOf(made, "Established")!.lastTransitionTime, THEN);
});

test("a webhook that cannot be trusted keeps a new definition from being established", () => {
  const withBundle = (caBundle: string): Definition =>
    definition({
      conversion: {
        strategy: "Webhook",
        webhook: {
          clientConfig: { url: "https://localhost/", caBundle },
          conversionReviewVersions: ["v1"],
        },
      },
    });
  const made = alone(withBundle("Z2FyYmFnZQ=="));
  assert.equal(
    said(made, "Established"),
    "False InvalidCABundle: The conversion webhook CABundle is invalid",
  );
  assert.match(said(alone({ ...made, spec: definition().spec }), "Established")!, /^True /);
});

test("a schema from before version 1 is said not to be structural, until it is", () => {
  const made = alone(definition({ preserveUnknownFields: true }));
  assert.equal(
    said(made, "NonStructuralSchema"),
    "True Violations: spec.preserveUnknownFields: Invalid value: true: must be false",
  );
  assert.equal(said(alone({ ...made, spec: definition().spec }), "NonStructuralSchema"), undefined);
});

for (const [annotation, expected] of [
  [undefined, "False MissingAnnotation"],
  ["unapproved, for tests", "False UnapprovedAnnotation"],
  ["https://github.com/kubernetes/kubernetes/pull/1", "True ApprovedAnnotation"],
  ["yes", "False InvalidAnnotation"],
] as const) {
  test(`a group of Kubernetes' own with approval ${annotation} is ${expected}`, () => {
    const annotations = annotation === undefined ? {} : { "api-approved.kubernetes.io": annotation };
    const made = alone(definition({ group: "sea.k8s.io" }, annotations));
    assert.equal(said(made, "KubernetesAPIApprovalPolicyConformant")?.split(":")[0], expected);
  });
}

test("for other groups nobody's approval is asked", () => {
  assert.equal(said(alone(definition()), "KubernetesAPIApprovalPolicyConformant"), undefined);
});
