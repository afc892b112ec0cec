/** Who may write policies with parameters, and bind them: those who may read the parameters. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { validatingAdmissionPolicy } from "@knarr/kinds/admissionregistration/validating-admission-policy.ts";
import { validatingAdmissionPolicyBinding } from "@knarr/kinds/admissionregistration/validating-admission-policy-binding.ts";
import { clusterRole } from "@knarr/kinds/rbac/cluster-role.ts";
import { clusterRoleBinding } from "@knarr/kinds/rbac/cluster-role-binding.ts";
import { startTestServer, type TestServer } from "../testing/server.ts";

const policy = (name: string, paramKind?: object): any => ({
  metadata: { name },
  spec: {
    ...(paramKind && { paramKind }),
    validations: [{ expression: "true" }],
    matchConstraints: {
      resourceRules: [
        { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] },
      ],
    },
  },
});
const binding = (policyName: string, paramRef: object, name = "b"): any => ({
  metadata: { name },
  spec: {
    policyName,
    validationActions: ["Deny"],
    paramRef: { parameterNotFoundAction: "Deny", ...paramRef },
  },
});
const CONFIG_MAP = { apiVersion: "v1", kind: "ConfigMap" };

async function allow({ api }: TestServer, name: string, ...rules: readonly object[]): Promise<void> {
  await api.create(clusterRole, { metadata: { name }, rules } as never);
  await api.create(clusterRoleBinding, {
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "alice" }],
  } as never);
}

async function startForAlice() {
  const rig = await startTestServer();
  await allow(rig, "writer", {
    apiGroups: ["admissionregistration.k8s.io"],
    resources: ["*"],
    verbs: ["create", "update"],
  });
  return { ...rig, alice: rig.as("alice", "devs") };
}
const ALICE = "&{alice  [devs system:authenticated] map[]}";

test("a policy is written by who may read all of its parameters", async () => {
  await using rig = await startForAlice();
  const refusal = (kind: string, apiVersion: string): { message: string } => ({
    message: `ValidatingAdmissionPolicy.admissionregistration.k8s.io "p" is invalid: spec.paramKind: Forbidden: user ${ALICE} must have "get" permission on all objects of the referenced paramKind (kind=${kind}, apiVersion=${apiVersion})`,
  });
  const { alice } = rig;
  await assert.rejects(
    alice.create(validatingAdmissionPolicy, policy("p", CONFIG_MAP)),
    refusal("ConfigMap", "v1"),
  );
  const unknown = { apiVersion: "foo.io/v1", kind: "Bar" };
  await assert.rejects(
    alice.create(validatingAdmissionPolicy, policy("p", unknown)),
    refusal("Bar", "foo.io/v1"),
  );
  const made = await alice.create(validatingAdmissionPolicy, policy("p"));
  const changed = policy("p", CONFIG_MAP);
  changed.metadata.resourceVersion = made.metadata!.resourceVersion;
  await assert.rejects(alice.update(validatingAdmissionPolicy, changed), refusal("ConfigMap", "v1"));
  const { metadata } = await rig.api.update(validatingAdmissionPolicy, changed);

  // What somebody else has already chosen is no question any more.
  changed.metadata = { ...metadata, labels: { a: "b" } };
  await alice.update(validatingAdmissionPolicy, changed);

  await allow(rig, "reader", { apiGroups: [""], resources: ["configmaps"], verbs: ["get"] });
  await alice.create(validatingAdmissionPolicy, policy("q", CONFIG_MAP));
});

test("a policy is bound to parameters by who may read these", async () => {
  await using rig = await startForAlice();
  const { alice, api } = rig;
  const refusal = (why: string): { message: string } => ({
    message: `ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io "b" is invalid: spec.paramRef: Forbidden: ${why}`,
  });
  const bind = (policyName: string, paramRef: object): Promise<unknown> =>
    alice.create(validatingAdmissionPolicyBinding, binding(policyName, paramRef));
  await api.create(validatingAdmissionPolicy, policy("p", CONFIG_MAP));
  await api.create(validatingAdmissionPolicy, policy("foo", { apiVersion: "foo.io/v1", kind: "Bar" }));
  const without = (verb: string): { message: string } =>
    refusal(`user ${ALICE} does not have "${verb}" permission on the object referenced by paramRef`);
  await assert.rejects(bind("p", { name: "x", namespace: "default" }), without("get"));
  await assert.rejects(bind("p", { selector: {} }), without("list"));
  const rest = `to determine minimum required permissions and user ${ALICE} does not have "get" permission for all groups, versions and resources`;
  await assert.rejects(
    bind("foo", { name: "x" }),
    refusal(`unable to resolve paramKind &{foo.io/v1 Bar} ${rest}`),
  );
  await assert.rejects(bind("none", { name: "x" }), refusal(`unable to get policy none ${rest}`));

  await allow(rig, "reader", {
    apiGroups: [""],
    resources: ["configmaps"],
    verbs: ["get"],
    resourceNames: ["x"],
  });
  await bind("p", { name: "x", namespace: "default" });
});
