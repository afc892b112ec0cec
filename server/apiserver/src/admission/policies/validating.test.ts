/** Validating policies: what they refuse, in which words, and what they only say. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { validatingAdmissionPolicyBinding } from "@knarr/kinds/admissionregistration/validating-admission-policy-binding.ts";
import { validatingAdmissionPolicy } from "@knarr/kinds/admissionregistration/validating-admission-policy.ts";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { namespace } from "@knarr/kinds/core/namespace.ts";
import { horizontalPodAutoscaler } from "@knarr/kinds/autoscaling/horizontal-pod-autoscaler.ts";
import { creating, errorOf, startPolicyServer } from "./rig.ts";

const noTest = { expression: "!object.metadata.name.startsWith('test')" };

test("a request that does not keep a rule is refused, from the moment the binding is there", async () => {
  await using rig = await startPolicyServer();
  await rig.made("test-before");
  await rig.validating("names", { validations: [noTest] });
  const refused = await errorOf(rig.made("test-1"));
  const message = `ValidatingAdmissionPolicy 'names' with binding 'names' denied request: failed expression: ${noTest.expression}`;
  assert.equal(refused.message, `configmaps "test-1" is forbidden: ${message}`);
  assert.deepEqual([refused.code, refused.reason], [422, "Invalid"]);
  assert.deepEqual(refused.details, { name: "test-1", kind: "configmaps", causes: [{ message }] });
  await rig.made("other");
  await rig.api.delete(validatingAdmissionPolicyBinding, "names");
  await rig.made("test-2");
});

test("messages and reasons are the policy's own", async () => {
  await using rig = await startPolicyServer();
  await rig.validating("rules", {
    variables: [{ name: "text", expression: "object.?data.text.orValue('')" }],
    validations: [
      { expression: "variables.text != 'plain'", message: " said so ", reason: "Forbidden" },
      {
        expression: "variables.text.size() < 8",
        messageExpression: "'no longer than 7, not ' + string(variables.text.size())",
      },
      { expression: "variables.text != 'lines'", message: "instead", messageExpression: "'a\\nb'" },
      { expression: "variables.text != 'fails'", messageExpression: "string(object.nope)" },
    ],
  });
  const says = async (text: string): Promise<[string, number]> => {
    const { message, code } = await errorOf(rig.made("a", { data: { text } }));
    return [message.replace(/^.* denied request: /, ""), code];
  };
  assert.deepEqual(await says("plain"), ["said so", 403]);
  assert.deepEqual(await says("too-long-text"), ["no longer than 7, not 13", 422]);
  assert.deepEqual(await says("lines"), ["instead", 422]);
  assert.deepEqual(await says("fails"), ["failed expression: variables.text != 'fails'", 422]);
  await rig.made("a", { data: { text: "fine" } });
});

test("an expression that fails is the failure policy's matter", async () => {
  await using rig = await startPolicyServer();
  const validations = [{ expression: "object.data.number == '1'" }];
  await rig.validating("ignoring", { failurePolicy: "Ignore", validations });
  await rig.made("a");
  await rig.validating("failing", { validations });
  const { message } = await errorOf(rig.made("b"));
  assert.equal(
    message,
    "configmaps \"b\" is forbidden: ValidatingAdmissionPolicy 'failing' with binding 'failing' denied request: " +
      "expression 'object.data.number == '1'' resulted in error: no such key: data",
  );
});

test("match conditions and the binding's own rules narrow down who is judged", async () => {
  await using rig = await startPolicyServer();
  await rig.api.create(namespace, { metadata: { name: "free", labels: { judged: "no" } } });
  await rig.validating(
    "names",
    {
      matchConditions: [{ name: "not-jane", expression: "request.userInfo.username != 'jane'" }],
      validations: [{ expression: "namespaceObject.metadata.name == 'free'" }],
    },
    {
      matchResources: {
        namespaceSelector: { matchExpressions: [{ key: "judged", operator: "DoesNotExist" }] },
      },
    },
  );
  await assert.rejects(rig.made("a"), /denied request/);
  const jane = rig.as("jane", "system:masters");
  await jane.create(configMap, { metadata: { name: "a", namespace: "default" } });
  await rig.api.create(configMap, { metadata: { name: "a", namespace: "free" } });
});

test("params are looked up by the binding: each that is found must agree", async () => {
  await using rig = await startPolicyServer();
  const paramKind = { apiVersion: "v1", kind: "ConfigMap" };
  const matchConstraints = creating("namespaces", "pods/log", "secrets");
  const validations = [
    { expression: "object.metadata.name != params.data.not", messageExpression: "'not ' + params.data.not" },
  ];
  const param = (name: string, labels: Record<string, string> = {}): Promise<unknown> =>
    rig.api.create(configMap, { metadata: { name, namespace: "default", labels }, data: { not: name } });
  await param("one");
  await param("two", { use: "yes" });
  await param("three", { use: "yes" });
  const paramRef = {
    namespace: "default",
    selector: { matchLabels: { use: "yes" } },
    parameterNotFoundAction: "Deny",
  };
  await rig.validating("by-label", { paramKind, matchConstraints, validations }, { paramRef });
  const make = (name: string): Promise<unknown> => rig.api.create(namespace, { metadata: { name } });
  await assert.rejects(make("two"), /denied request: not two$/);
  await assert.rejects(make("three"), /denied request: not three$/);
  await make("one");
  await rig.api.delete(configMap, "default/two");
  await rig.api.delete(configMap, "default/three");
  await assert.rejects(
    make("four"),
    /binding 'by-label' denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction$/,
  );
  await rig.api.create(validatingAdmissionPolicyBinding, {
    metadata: { name: "here" },
    spec: {
      policyName: "by-label",
      paramRef: { name: "one", parameterNotFoundAction: "Allow" },
      validationActions: ["Deny"],
    },
  });
  await rig.api.delete(validatingAdmissionPolicyBinding, "by-label");
  await make("five"); // a namespace is in itself, where there are no params
});

test("a policy whose params are of no kind refuses what it is for", async () => {
  await using rig = await startPolicyServer();
  const paramKind = { apiVersion: "example.com/v1", kind: "Rule" };
  await rig.validating(
    "unready",
    { paramKind, validations: [{ expression: "true" }] },
    { paramRef: { name: "a", parameterNotFoundAction: "Deny" } },
  );
  const { message, code } = await errorOf(rig.made("a"));
  assert.equal(
    message,
    "configmaps \"a\" is forbidden: ValidatingAdmissionPolicy 'unready' denied request: failed to configure policy: " +
      "failed to find resource referenced by paramKind: 'example.com/v1, Kind=Rule'",
  );
  assert.equal(code, 422);
});

test("an object is shown in the version that the policy asks for", async () => {
  await using rig = await startPolicyServer();
  const rules = {
    operations: ["*"],
    apiGroups: ["autoscaling"],
    apiVersions: ["v1"],
    resources: ["horizontalpodautoscalers"],
  };
  await rig.validating("old", {
    matchConstraints: { resourceRules: [rules], matchPolicy: "Equivalent" },
    validations: [
      {
        expression: "false",
        messageExpression:
          "[string(object.apiVersion), string(object.spec.targetCPUUtilizationPercentage), request.requestKind.version].join()",
      },
    ],
  });
  const spec = {
    maxReplicas: 3,
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "a" },
    metrics: [
      {
        type: "Resource",
        resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } },
      },
    ],
  };
  const made = rig.api.create(horizontalPodAutoscaler, {
    metadata: { name: "a", namespace: "default" },
    spec,
  } as never);
  await assert.rejects(made, /denied request: autoscaling\/v170v2$/);
});

test("policies do not watch over policies", async () => {
  await using rig = await startPolicyServer();
  const all = { operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*"] };
  await rig.validating("nothing", {
    matchConstraints: { resourceRules: [all] },
    validations: [{ expression: "false" }],
  });
  await assert.rejects(rig.made("a"), /denied request/);
  await rig.api.delete(validatingAdmissionPolicy, "nothing");
  await rig.made("a");
});

test("the authorizer is asked about others", async () => {
  await using rig = await startPolicyServer();
  const account = "authorizer.serviceAccount('default', object.metadata.name)";
  const expression = `${account}.group('').resource('pods').namespace('default').check('create').allowed()`;
  await rig.validating("allowed", { validations: [{ expression, message: "may not" }] });
  await assert.rejects(rig.made("a"), /denied request: may not$/);
});
