/** Authors of policies are told which expressions cannot be right. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { validatingAdmissionPolicy as policies } from "@knarr/kinds/admissionregistration/validating-admission-policy.ts";
import { customResourceDefinition } from "@knarr/kinds/apiextensions/custom-resource-definition.ts";
import { makeWorld } from "../testing/world.ts";
import { validatingAdmissionPolicyStatusController } from "./controller.ts";

const rules = (group: string, ...resources: string[]) => ({
  resourceRules: [{ apiGroups: [group], apiVersions: ["v1"], operations: ["*"], resources }],
});

async function statusOf(spec: object): Promise<any> {
  await using world = await makeWorld([validatingAdmissionPolicyStatusController]);
  await world.create(customResourceDefinition, {
    metadata: { name: "widgets.example.com" },
    spec: {
      group: "example.com",
      names: { plural: "widgets", kind: "Widget" },
      scope: "Namespaced",
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: "object",
              properties: { spec: { type: "object", properties: { size: { type: "integer" } } } },
            },
          },
        },
      ],
    },
  } as never);
  await world.create(policies, { metadata: { name: "p" }, spec } as never);
  await world.settled();
  return (await world.list(policies))[0]!.status;
}

test("expressions that fit the kinds they are for go without a word", async () => {
  const status = await statusOf({
    matchConstraints: rules("apps", "deployments", "replicasets"),
    variables: [{ name: "replicas", expression: "object.spec.replicas" }],
    validations: [
      {
        expression:
          "variables.replicas > 1 && object.metadata.creationTimestamp < timestamp('2030-01-01T00:00:00Z')",
        messageExpression: "'not ' + string(variables.replicas)",
      },
    ],
  });
  assert.deepEqual(status, { observedGeneration: 1, typeChecking: {} });
});

test("each expression that does not is named, with the kinds and what is wrong", async () => {
  const { typeChecking } = await statusOf({
    matchConstraints: rules("apps", "deployments", "controllerrevisions", "*/scale"),
    validations: [
      { expression: "object.spec.replicas > '1'" },
      { expression: "true", messageExpression: "object.metadata.nope" },
    ],
  });
  const [first, second] = typeChecking.expressionWarnings;
  assert.equal(typeChecking.expressionWarnings.length, 2);
  assert.equal(first.fieldRef, "spec.validations[0].expression");
  assert.match(
    first.warning,
    /^apps\/v1, Kind=ControllerRevision: ERROR: <input>:1:7: undefined field 'spec'\n/,
  );
  assert.match(
    first.warning,
    /\n\napps\/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '\(int, string\)'\n[^]*\n$/,
  );
  assert.equal(second.fieldRef, "spec.validations[1].messageExpression");
});

test("custom kinds are known by their definitions, as objects and as parameters", async () => {
  const { typeChecking } = await statusOf({
    matchConstraints: rules("example.com", "widgets"),
    paramKind: { apiVersion: "example.com/v1", kind: "Widget" },
    validations: [
      { expression: "object.spec.size <= params.spec.size && object.metadata.labels.size() < 3" },
      { expression: "object.spec.colour == params.spec.colour" },
    ],
  });
  assert.deepEqual(
    typeChecking.expressionWarnings.map(({ fieldRef, warning }: any) => [fieldRef, warning.split("\n")[0]]),
    [
      [
        "spec.validations[1].expression",
        "example.com/v1, Kind=Widget: ERROR: <input>:1:12: undefined field 'colour'",
      ],
    ],
  );
});
