/** Who may claim devices how: admin access by namespace, allocation and devices' status by right. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { namespace } from "@knarr/kinds/core/namespace.ts";
import type { PolicyRule } from "@knarr/kinds/generated/rbac-v1.ts";
import { clusterRoleBinding } from "@knarr/kinds/rbac/cluster-role-binding.ts";
import { clusterRole } from "@knarr/kinds/rbac/cluster-role.ts";
import { resourceClaim } from "@knarr/kinds/resource/resource-claim.ts";
import { startTestServer, type TestServer } from "../testing/server.ts";

const claim = (exactly: object = {}, inNamespace = "default"): any => ({
  metadata: { name: "gpu", namespace: inNamespace },
  spec: { devices: { requests: [{ name: "one", exactly: { deviceClassName: "gpu", ...exactly } }] } },
});
const device = { driver: "gpu.example.com", pool: "p", device: "d0" };
const result = { request: "one", ...device };
const status = { allocation: { devices: { results: [result] } } };

async function grant({ api }: TestServer, name: string, ...rules: PolicyRule[]): Promise<void> {
  await api.create(clusterRole, { metadata: { name }, rules });
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name };
  const subjects = [{ kind: "User", name, apiGroup: "rbac.authorization.k8s.io" }];
  await api.create(clusterRoleBinding, { metadata: { name }, roleRef, subjects });
}

const right = (resource: string, verbs: string[], ...resourceNames: string[]): PolicyRule => ({
  apiGroups: ["resource.k8s.io"],
  resources: [resource],
  verbs,
  ...(resourceNames.length > 0 && { resourceNames }),
});
const writesStatus = right("resourceclaims/status", ["update"]);

test("admin access takes a namespace that is marked for it", async () => {
  await using rig = await startTestServer();
  await assert.rejects(
    rig.api.create(resourceClaim, claim({ adminAccess: true })),
    /spec\.devices\.requests\[0\]\.adminAccess: Forbidden: admin access to devices requires the `resource\.kubernetes\.io\/admin-access: true` label/,
  );
  const labels = { "resource.kubernetes.io/admin-access": "true" };
  await rig.api.create(namespace, { metadata: { name: "admins", labels } });
  const made: any = await rig.api.create(resourceClaim, claim({ adminAccess: true }, "admins"));
  assert.equal(made.spec.devices.requests[0].exactly.adminAccess, true);
});

test("allocating takes the right to bind claims", async () => {
  await using rig = await startTestServer();
  const made = await rig.api.create(resourceClaim, claim());
  await grant(rig, "writer", writesStatus);
  await assert.rejects(
    rig.as("writer").updateStatus(resourceClaim, { ...made, status }),
    /status\.allocation: Forbidden: changing status\.allocation or status\.reservedFor requires resource="resourceclaims\/binding", verb="update" permission: resourceclaims\.resource\.k8s\.io is forbidden: User "writer" cannot update resource "resourceclaims\/binding" in API group "resource\.k8s\.io" at the cluster scope/,
  );
  await grant(rig, "scheduler", writesStatus, right("resourceclaims/binding", ["update"]));
  const bound = await rig.as("scheduler").updateStatus(resourceClaim, { ...made, status });
  assert.equal(bound.status?.allocation?.devices?.results?.[0]?.device, "d0");
});

test("what a driver says of its devices takes a right for the driver", async () => {
  await using rig = await startTestServer();
  const made = await rig.api.create(resourceClaim, claim());
  const bound = await rig.api.updateStatus(resourceClaim, { ...made, status });
  const told = { ...bound, status: { ...status, devices: [{ ...device, conditions: [] }] } };
  await grant(rig, "other", writesStatus, right("resourceclaims/driver", ["arbitrary-node:update"], "x.io"));
  await assert.rejects(
    rig.as("other").updateStatus(resourceClaim, told),
    /status\.devices: Forbidden: changing status\.devices requires resource="resourceclaims\/driver", verb="\[arbitrary-node:update\]" permission: resourceclaims\.resource\.k8s\.io "gpu\.example\.com" is forbidden/,
  );
  const own = right("resourceclaims/driver", ["arbitrary-node:update"], device.driver);
  await grant(rig, "driver", writesStatus, own);
  const { status: after } = await rig.as("driver").updateStatus(resourceClaim, told);
  assert.equal(after?.devices?.length, 1);
});
