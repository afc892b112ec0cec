/** What admission adds to objects, and what it refuses. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { namespace } from "@knarr/kinds/core/namespace.ts";
import { node } from "@knarr/kinds/core/node.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import { serviceAccount } from "@knarr/kinds/core/service-account.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { clusterRole } from "@knarr/kinds/rbac/cluster-role.ts";
import { clusterRoleBinding } from "@knarr/kinds/rbac/cluster-role-binding.ts";
import { priorityClass } from "@knarr/kinds/scheduling/priority-class.ts";
import { isForbidden, isNotFound } from "@knarr/machinery/status.ts";
import { startTestServer, type TestServer } from "../testing/server.ts";

const web = (spec: object = {}, metadata: object = {}): any => ({
  metadata: { name: "web", namespace: "default", ...metadata },
  spec: { containers: [{ name: "c", image: "i" }], ...spec },
});
const made = (rig: TestServer, object: any): Promise<Pod> => rig.api.create(pod, object) as never;

test("a pod runs as its namespace's default account, whose token it finds mounted", async () => {
  await using rig = await startTestServer();
  const { spec } = await made(rig, web());
  assert.equal(spec?.serviceAccountName, "default");
  const [volume] = spec?.volumes ?? [];
  assert.match(volume!.name, /^kube-api-access-[a-z0-9]{5}$/);
  assert.deepEqual(spec?.containers[0]?.volumeMounts, [
    { name: volume!.name, readOnly: true, mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" },
  ]);
  await assert.rejects(
    made(rig, web({ serviceAccountName: "nobody" }, { name: "b" })),
    /error looking up service account default\/nobody: serviceaccount "nobody" not found/,
  );
});

test("a pod that comes before its account waits for it", async () => {
  await using rig = await startTestServer();
  await rig.api.create(namespace, { metadata: { name: "new" } });
  const making = made(rig, web({}, { namespace: "new" }));
  await new Promise(setImmediate);
  await rig.api.create(serviceAccount, { metadata: { name: "default", namespace: "new" } });
  assert.equal((await making).spec?.serviceAccountName, "default");
});

test("priority comes from the class, or the default class, and is not the pod's to say", async () => {
  await using rig = await startTestServer();
  assert.equal((await made(rig, web())).spec?.priority, 0);
  const critical = web({ priorityClassName: "system-node-critical" }, { name: "b" });
  assert.equal((await made(rig, critical)).spec?.priority, 2_000_001_000);
  await rig.api.create(priorityClass, {
    metadata: { name: "usual" },
    value: 7,
    globalDefault: true,
  } as never);
  const usual = await made(rig, web({}, { name: "c" }));
  assert.deepEqual([usual.spec?.priority, usual.spec?.priorityClassName], [7, "usual"]);
  await assert.rejects(made(rig, web({ priority: 9 }, { name: "d" })), isForbidden);
  await assert.rejects(made(rig, web({ priorityClassName: "nope" }, { name: "e" })), isForbidden);
  await assert.rejects(
    rig.api.create(priorityClass, { metadata: { name: "too" }, value: 8, globalDefault: true } as never),
    /PriorityClass usual is already marked as default/,
  );
});

test("pods tolerate a lost node for five minutes, unless they say otherwise", async () => {
  await using rig = await startTestServer();
  const forEver = { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute" };
  const { spec } = await made(rig, web({ tolerations: [forEver] }));
  assert.deepEqual(
    spec?.tolerations?.map(({ key, tolerationSeconds }) => [key, tolerationSeconds]),
    [
      ["node.kubernetes.io/unreachable", undefined],
      ["node.kubernetes.io/not-ready", 300],
    ],
  );
});

test("nothing is made in a namespace that is not there", async () => {
  await using rig = await startTestServer();
  await assert.rejects(
    rig.api.create(configMap, { metadata: { name: "a", namespace: "nope" } }),
    (err: any) => isNotFound(err) && err.message === 'namespaces "nope" not found',
  );
});

test("a node writes its own Node and its own pods' status, and no other's", async () => {
  await using rig = await startTestServer();
  const agent = rig.as("system:node:n1", "system:nodes");
  const own = (await agent.create(node, { metadata: { name: "n1" } })) as any;
  assert.equal(own.spec.taints[0].key, "node.kubernetes.io/not-ready");
  await assert.rejects(agent.create(node, { metadata: { name: "n2" } }), isForbidden);
  const relabel = (labels: object): Promise<unknown> => agent.patch(node, "n1", { metadata: { labels } });
  await relabel({ "kubernetes.io/hostname": "n1" });
  await assert.rejects(relabel({ "node-restriction.kubernetes.io/x": "1" }), isForbidden);
  await assert.rejects(agent.patch(node, "n1", { spec: { taints: null } }), /not allowed to modify taints/);

  await made(rig, web({ nodeName: "n1" }));
  await made(rig, web({ nodeName: "n2" }, { name: "other" }));
  const status = { status: { phase: "Running" } };
  await agent.patch(pod, "default/web", status, { subresource: "status" });
  await assert.rejects(agent.patch(pod, "default/other", status, { subresource: "status" }), isForbidden);
});

test("nobody grants what they do not have", async () => {
  await using rig = await startTestServer();
  await rig.api.create(clusterRole, {
    metadata: { name: "roles" },
    rules: [{ apiGroups: ["rbac.authorization.k8s.io"], resources: ["*"], verbs: ["get", "create"] }],
  } as never);
  await rig.api.create(clusterRoleBinding, {
    metadata: { name: "roles" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "roles" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "jane" }],
  } as never);
  const grant = (resources: string[], apiGroups: string[]): Promise<unknown> =>
    rig.as("jane").create(clusterRole, {
      metadata: { generateName: "x-" },
      rules: [{ apiGroups, resources, verbs: ["get"] }],
    } as never);
  await grant(["roles"], ["rbac.authorization.k8s.io"]);
  await assert.rejects(grant(["secrets"], [""]), /attempting to grant RBAC permissions not currently held/);
});

test("plugins are turned off by name, and names that are nobody's are refused", async () => {
  await using rig = await startTestServer({ disableAdmissionPlugins: ["DefaultTolerationSeconds"] });
  assert.equal((await made(rig, web())).spec?.tolerations, undefined);
  for (const [options, message] of [
    [{ enableAdmissionPlugins: ["Nope"] }, 'enable-admission-plugins plugin "Nope" is unknown'],
    // A rule of RBAC, not a plugin: whoever could turn it off could become anybody.
    [
      { disableAdmissionPlugins: ["RBACEscalation"] },
      'disable-admission-plugins plugin "RBACEscalation" is unknown',
    ],
    [
      { enableAdmissionPlugins: ["Priority"], disableAdmissionPlugins: ["Priority"] },
      "[Priority] in enable-admission-plugins and disable-admission-plugins overlapped",
    ],
  ] as const)
    await assert.rejects(startTestServer(options), { name: "RangeError", message });
});
