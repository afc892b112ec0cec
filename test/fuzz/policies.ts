/** Policies with random expressions, in force for a while, and writes that they look at: what they come to is theirs, but it is never a fault of the server's. */

import { conditionOf, dynamicOf, expressionOf } from "./expressions.ts";
import { tryOne, type Finding } from "./judge.ts";
import { places } from "./places.ts";
import { deletionOf, HERE_ONLY, post } from "./plain-requests.ts";
import type { Random } from "./random.ts";
import { objectOf } from "./requests.ts";
import type { Target } from "./target.ts";

const VERSION = "admissionregistration.k8s.io/v1";
const ROOT = `/apis/${VERSION}`;
const everything = { apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"] };
/** Of one that could not be compiled nothing would be evaluated. */
const WILD = 0.1;
const ROOTS = ["object", "oldObject"];
const value = (random: Random): string => dynamicOf(random, ROOTS, 1);
const MUTATIONS = [
  (random: Random) =>
    `[JSONPatch{op: "add", path: "/metadata/labels", value: {"a": string(${value(random)})}}]`,
  (random: Random) =>
    `[JSONPatch{op: string(${value(random)}), path: "/metadata/" + jsonpatch.escapeKey("a/b")}]`,
  (random: Random) => `[JSONPatch{op: "add", path: "/spec", value: ${value(random)}}]`,
];
const APPLICATIONS = [
  (random: Random) => `Object{metadata: Object.metadata{annotations: {"a": string(${value(random)})}}}`,
  (random: Random) => `Object{spec: Object.spec{replicas: ${value(random)}}}`,
];

export async function policyRound(target: Target, random: Random, count: number): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (let i = 0; i < count; i++) {
    for (const [collection, object] of policiesOf(random))
      findings.push(...(await tryOne(target, post(collection, object))));
    for (let j = 0; j < 6; j++) {
      const place = random.pick(places.filter(({ namespaced }) => namespaced));
      const sample = random.chance(0.7)
        ? { ...place.sample, metadata: { name: `p${j}` } }
        : objectOf(random, place);
      findings.push(...(await tryOne(target, post(place.collection, sample))));
      findings.push(...(await tryOne(target, deletionOf(`${place.collection}/p${j}`))));
    }
    for (const kind of ["validating", "mutating"])
      for (const part of ["policies", "policybindings"])
        findings.push(...(await tryOne(target, deletionOf(`${ROOT}/${kind}admission${part}`))));
  }
  return findings;
}

function policiesOf(random: Random): (readonly [collection: string, object: object])[] {
  const matchConstraints = { resourceRules: [everything], ...HERE_ONLY };
  const failurePolicy = random.pick(["Fail", "Ignore"]);
  const condition = (): string => (random.chance(WILD) ? expressionOf(random) : conditionOf(random, ROOTS));
  const variables = random.some(3, () => ({ name: `v${random.below(9)}`, expression: value(random) }));
  const matchConditions = random.chance(0.3) ? [{ name: "m", expression: condition() }] : [];
  const shared = { matchConstraints, failurePolicy, variables, matchConditions };
  const validations = random.some(3, () => ({
    expression: condition(),
    ...(random.chance(0.5) && { messageExpression: `string(${value(random)})` }),
  }));
  const jsonPatch = { expression: random.pick(MUTATIONS)(random) };
  const applyConfiguration = { expression: random.pick(APPLICATIONS)(random) };
  const mutation = random.chance(0.5)
    ? { patchType: "JSONPatch", jsonPatch }
    : { patchType: "ApplyConfiguration", applyConfiguration };
  const actions = random.pick([["Deny"], ["Warn", "Audit"]]);
  return [
    named("ValidatingAdmissionPolicy", "policies", { ...shared, validations }),
    named("ValidatingAdmissionPolicy", "policybindings", {
      policyName: "random",
      validationActions: actions,
    }),
    named("MutatingAdmissionPolicy", "policies", {
      ...shared,
      mutations: [mutation],
      reinvocationPolicy: random.pick(["Never", "IfNeeded"]),
    }),
    named("MutatingAdmissionPolicy", "policybindings", { policyName: "random" }),
  ];
}

function named(of: string, part: "policies" | "policybindings", spec: object): readonly [string, object] {
  const kind = part === "policies" ? of : `${of}Binding`;
  const collection = `${ROOT}/${of.startsWith("V") ? "validating" : "mutating"}admission${part}`;
  return [collection, { apiVersion: VERSION, kind, metadata: { name: "random" }, spec }];
}
