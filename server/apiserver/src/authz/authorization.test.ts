/** Authorization over real caches: RBAC, the default policy, nodes, granting and acting for others. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { pod } from "@knarr/kinds/core/pod.ts";
import { clusterRoleBinding } from "@knarr/kinds/rbac/cluster-role-binding.ts";
import { clusterRole } from "@knarr/kinds/rbac/cluster-role.ts";
import { roleBinding } from "@knarr/kinds/rbac/role-binding.ts";
import { role } from "@knarr/kinds/rbac/role.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { keyOf, type ApiObject } from "@knarr/machinery/object.ts";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";
import type { Caches } from "../cache/cache.ts";
import { openCaches } from "../cache/open-caches.ts";
import { forbiddenError } from "./forbidden.ts";
import type { Attributes, User } from "../request.ts";
import { impersonatedUser } from "../authn/impersonation.ts";
import { Authorization } from "./authorization.ts";
import { bootstrapPolicy } from "./bootstrap/policy.ts";
import { reconcileBootstrapPolicy, type PolicyAccess } from "./bootstrap/reconcile.ts";
import { checkEscalation } from "./escalation.ts";
import { NodeAuthorizer } from "./node.ts";
import { RbacAuthorizer } from "./rbac.ts";

interface Here extends AsyncDisposable {
  readonly caches: Caches;
  readonly authorization: Authorization;
  readonly rbac: RbacAuthorizer;
}

async function world(): Promise<Here> {
  const resources = [clusterRole, clusterRoleBinding, role, roleBinding, pod];
  const caches = await openCaches({ store: new MemoryStore(), resources });
  const rbac = new RbacAuthorizer(caches);
  const authorization = new Authorization([new NodeAuthorizer(caches), rbac]);
  return { caches, rbac, authorization, [Symbol.asyncDispose]: () => caches[Symbol.asyncDispose]() };
}

function put(caches: Caches, resource: Resource<any>, object: object): Promise<unknown> {
  return caches.of(resource).create(keyOf(object as ApiObject), object as ApiObject);
}

function access(caches: Caches): PolicyAccess {
  return {
    get: (resource, key) => caches.of(resource).get(key)?.object,
    create: (resource, object) => caches.of(resource).create(keyOf(object), structuredClone(object)),
    update: (resource, object) => caches.of(resource).update(keyOf(object), () => structuredClone(object)),
    delete: (resource, key) => caches.of(resource).delete(key),
  };
}

const jane: User = { name: "jane", groups: ["readers", "system:authenticated"] };

function ask(user: User, more: Partial<Attributes>): Attributes {
  return {
    user,
    verb: "get",
    isResource: true,
    group: "",
    version: "v1",
    resource: "pods",
    subresource: "",
    namespace: "",
    name: "",
    path: "",
    ...more,
  };
}

const rbacGroup = "rbac.authorization.k8s.io";
const reader = {
  apiVersion: `${rbacGroup}/v1`,
  kind: "Role",
  metadata: { name: "reader", namespace: "a" },
  rules: [
    { apiGroups: [""], resources: ["pods", "*/scale"], verbs: ["get", "list"] },
    { apiGroups: [""], resources: ["configmaps"], resourceNames: ["mine"], verbs: ["get"] },
  ],
};

function binding(name: string, subject: object, roleRef: object = { kind: "Role", name: "reader" }): object {
  return {
    apiVersion: `${rbacGroup}/v1`,
    kind: "RoleBinding",
    metadata: { name, namespace: "a" },
    roleRef: { apiGroup: rbacGroup, ...roleRef },
    subjects: [subject],
  };
}

for (const { name, subject, user, about, allowed } of [
  {
    name: "a user",
    subject: { kind: "User", name: "jane" },
    user: jane,
    about: { namespace: "a" },
    allowed: true,
  },
  {
    name: "a group",
    subject: { kind: "Group", name: "readers" },
    user: jane,
    about: { namespace: "a", verb: "list" },
    allowed: true,
  },
  {
    name: "a service account of the binding's namespace",
    subject: { kind: "ServiceAccount", name: "sa" },
    user: { name: "system:serviceaccount:a:sa", groups: [] },
    about: { namespace: "a" },
    allowed: true,
  },
  {
    name: "not another namespace",
    subject: { kind: "User", name: "jane" },
    user: jane,
    about: { namespace: "b" },
    allowed: false,
  },
  {
    name: "not another verb",
    subject: { kind: "User", name: "jane" },
    user: jane,
    about: { namespace: "a", verb: "delete" },
    allowed: false,
  },
  {
    name: "not another user",
    subject: { kind: "User", name: "joe" },
    user: jane,
    about: { namespace: "a" },
    allowed: false,
  },
  {
    name: "not a subresource",
    subject: { kind: "User", name: "jane" },
    user: jane,
    about: { namespace: "a", subresource: "log" },
    allowed: false,
  },
  {
    name: "a subresource of everything",
    subject: { kind: "User", name: "jane" },
    user: jane,
    about: { namespace: "a", resource: "things", subresource: "scale" },
    allowed: true,
  },
  {
    name: "an object by name",
    subject: { kind: "User", name: "jane" },
    user: jane,
    about: { namespace: "a", resource: "configmaps", name: "mine" },
    allowed: true,
  },
  {
    name: "not another object",
    subject: { kind: "User", name: "jane" },
    user: jane,
    about: { namespace: "a", resource: "configmaps", name: "yours" },
    allowed: false,
  },
] as const) {
  test(`RbacAuthorizer allows what is bound: ${name}`, async () => {
    await using here = await world();
    const { caches, authorization } = here;
    await put(caches, role, reader);
    await put(caches, roleBinding, binding("b", subject));
    assert.equal((await authorization.authorize(ask(user, about))).allowed, allowed);
  });
}

test("RbacAuthorizer says by which binding, and which role was not there", async () => {
  await using here = await world();
  const { caches, authorization } = here;
  await put(caches, role, reader);
  await put(caches, roleBinding, binding("b", { kind: "User", name: "jane" }));
  assert.deepEqual(await authorization.authorize(ask(jane, { namespace: "a" })), {
    allowed: true,
    reason: 'RBAC: allowed by RoleBinding "b/a" of Role "reader" to User "jane"',
  });
  await put(
    caches,
    roleBinding,
    binding("c", { kind: "Group", name: "readers" }, { kind: "ClusterRole", name: "gone" }),
  );
  assert.deepEqual(await authorization.authorize(ask(jane, { namespace: "a", verb: "delete" })), {
    allowed: false,
    reason: `RBAC: clusterrole.${rbacGroup} "gone" not found`,
  });
});

test("RbacAuthorizer sees a role change at once", async () => {
  await using here = await world();
  const { caches, authorization } = here;
  await put(caches, role, reader);
  await put(caches, roleBinding, binding("b", { kind: "User", name: "jane" }));
  const remove = ask(jane, { namespace: "a", verb: "delete" });
  assert.equal((await authorization.authorize(remove)).allowed, false);
  const rules = [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }];
  await caches.of(role).update("a/reader", (current) => ({ ...structuredClone(current), rules }));
  assert.equal((await authorization.authorize(remove)).allowed, true);
  await caches.of(roleBinding).delete("a/b");
  assert.equal((await authorization.authorize(remove)).allowed, false);
});

test("Authorization lets system:masters do everything, even without a policy", async () => {
  await using here = await world();
  const { authorization } = here;
  const admin: User = { name: "admin", groups: ["system:masters"] };
  assert.equal((await authorization.authorize(ask(admin, { verb: "delete" }))).allowed, true);
});

// The default policy

test("reconcileBootstrapPolicy makes upstream's roles and bindings once", async () => {
  await using here = await world();
  const { caches } = here;
  const made = await reconcileBootstrapPolicy(access(caches));
  assert.equal(made.length, 69 + 50 + 7 + 7);
  assert.deepEqual(await reconcileBootstrapPolicy(access(caches)), [], "nothing to repair");
});

test("reconcileBootstrapPolicy adds what is missing, keeps what was added, and leaves protected objects alone", async () => {
  await using here = await world();
  const { caches } = here;
  await reconcileBootstrapPolicy(access(caches));
  const change = (name: string, rules: object[], autoupdate: string): Promise<unknown> =>
    caches.of(clusterRole).update(name, (current) => {
      const copy = structuredClone(current) as any;
      copy.metadata.annotations["rbac.authorization.kubernetes.io/autoupdate"] = autoupdate;
      return { ...copy, rules };
    });
  const extra = { apiGroups: ["x.io"], resources: ["boats"], verbs: ["get"] };
  await change("system:kube-dns", [extra], "true");
  await change("system:basic-user", [extra], "false");
  assert.deepEqual(await reconcileBootstrapPolicy(access(caches)), ["ClusterRole/system:kube-dns"]);
  const repaired = caches.of(clusterRole).get("system:kube-dns")!.object.rules!;
  assert.ok(repaired.length > 1 && repaired.some(({ resources }) => resources?.includes("boats")));
});

test("reconcileBootstrapPolicy makes a binding anew that binds another role", async () => {
  await using here = await world();
  const { caches } = here;
  const wrong = bootstrapPolicy().clusterRoleBindings.find(
    ({ metadata }) => metadata?.name === "system:discovery",
  )!;
  await put(caches, clusterRoleBinding, { ...wrong, roleRef: { ...wrong.roleRef, name: "cluster-admin" } });
  await reconcileBootstrapPolicy(access(caches));
  const { roleRef } = caches.of(clusterRoleBinding).get("system:discovery")!.object;
  assert.equal(roleRef.name, "system:discovery");
});

for (const [user, about, allowed] of [
  [
    "system:kube-scheduler",
    { resource: "pods", subresource: "binding", verb: "create", namespace: "a" },
    true,
  ],
  ["system:kube-scheduler", { resource: "secrets", verb: "get", namespace: "a" }, false],
  ["system:kube-controller-manager", { resource: "anything", group: "x.io", verb: "list" }, true],
  [
    "system:serviceaccount:kube-system:replicaset-controller",
    { resource: "pods", verb: "create", namespace: "a" },
    true,
  ],
  ["system:anonymous", { isResource: false, path: "/healthz" }, true],
  ["system:anonymous", { isResource: false, path: "/api" }, false],
] as const) {
  test(`default policy: ${user} ${JSON.stringify(about)} is ${allowed ? "allowed" : "refused"}`, async () => {
    await using here = await world();
    const { caches, authorization } = here;
    await reconcileBootstrapPolicy(access(caches));
    const groups = [user === "system:anonymous" ? "system:unauthenticated" : "system:authenticated"];
    assert.equal((await authorization.authorize(ask({ name: user, groups }, about))).allowed, allowed);
  });
}

// Nodes

const node: User = { name: "system:node:n1", groups: ["system:nodes", "system:authenticated"] };

for (const [about, allowed, reason] of [
  [{ resource: "secrets", namespace: "a", name: "s" }, true, ""],
  [
    { resource: "secrets", namespace: "a", name: "t" },
    false,
    "no relationship found between node 'n1' and this object",
  ],
  [
    { resource: "secrets", namespace: "a", name: "s", verb: "update" },
    false,
    "can only read resources of this type",
  ],
  [{ resource: "configmaps", namespace: "a", name: "c", verb: "watch" }, true, ""],
  [{ resource: "persistentvolumeclaims", namespace: "a", name: "p" }, true, ""],
  [
    { resource: "serviceaccounts", subresource: "token", namespace: "a", name: "sa", verb: "create" },
    true,
    "",
  ],
  [
    { resource: "serviceaccounts", subresource: "token", namespace: "a", name: "other", verb: "create" },
    false,
    "no relationship found between node 'n1' and this object",
  ],
  [{ resource: "pods", verb: "list" }, false, "can only list/watch pods with spec.nodeName field selector"],
  [{ resource: "pods", verb: "watch", fieldSelector: "spec.nodeName=n1" }, true, ""],
  [
    { resource: "pods", verb: "watch", fieldSelector: "spec.nodeName=n2" },
    false,
    "can only list/watch pods with spec.nodeName field selector",
  ],
  [{ resource: "pods", namespace: "a", name: "mine" }, true, ""],
  [
    { resource: "pods", namespace: "a", name: "theirs" },
    false,
    "no relationship found between node 'n1' and this object",
  ],
  [{ resource: "nodes", name: "n1" }, true, ""],
  [{ resource: "nodes", name: "n2" }, false, "node 'n1' cannot read 'n2', only its own Node object"],
  [{ resource: "nodes", verb: "list" }, false, "node 'n1' cannot read all nodes, only its own Node object"],
  [{ resource: "nodes", name: "n1", subresource: "status", verb: "patch" }, true, ""],
  [
    {
      resource: "leases",
      group: "coordination.k8s.io",
      namespace: "kube-node-lease",
      name: "n1",
      verb: "update",
    },
    true,
    "",
  ],
  [
    {
      resource: "leases",
      group: "coordination.k8s.io",
      namespace: "kube-node-lease",
      name: "n2",
      verb: "update",
    },
    false,
    "can only access node lease with the same name as the requesting node",
  ],
  [{ resource: "services", verb: "watch" }, true, ""],
  [{ resource: "deployments", group: "apps", verb: "list" }, false, ""],
] as const) {
  test(`NodeAuthorizer: ${JSON.stringify(about)}`, async () => {
    await using here = await world();
    const { caches, authorization } = here;
    const podOn = (name: string, nodeName: string, secret: string): object => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: "a" },
      spec: {
        nodeName,
        serviceAccountName: "sa",
        containers: [{ name: "c", envFrom: [{ secretRef: { name: secret } }] }],
        volumes: [
          { name: "v", projected: { sources: [{ configMap: { name: "c" } }] } },
          { name: "w", persistentVolumeClaim: { claimName: "p" } },
        ],
      },
    });
    await put(caches, pod, podOn("mine", "n1", "s"));
    await put(caches, pod, podOn("theirs", "n2", "t"));
    const decision = await authorization.authorize(ask(node, about));
    assert.deepEqual([decision.allowed, decision.reason], [allowed, reason]);
  });
}

// Granting, and acting for others

test("checkEscalation refuses to grant what one does not have, in upstream's words", async () => {
  await using here = await world();
  const { caches, authorization, rbac } = here;
  const rules = { rbac, authorizer: authorization };
  const object = {
    apiVersion: `${rbacGroup}/v1`,
    kind: "Role",
    metadata: { name: "r", namespace: "a" },
    rules: [
      { apiGroups: [""], resources: ["pods", "secrets"], verbs: ["get", "list"] },
      { apiGroups: ["apps"], resources: ["deployments"], resourceNames: ["a"], verbs: ["*"] },
    ],
  };
  const check = {
    user: { name: "bob", groups: ["system:authenticated"] },
    resource: "roles",
    namespace: "a",
    name: "",
    object,
  };
  await assert.rejects(checkEscalation(check as never, rules), {
    code: 403,
    message: [
      `roles.${rbacGroup} "r" is forbidden: user "bob" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:`,
      '{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}',
      '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}',
      '{APIGroups:["apps"], Resources:["deployments"], ResourceNames:["a"], Verbs:["*"]}',
    ].join("\n"),
  });
  await put(caches, clusterRole, {
    apiVersion: `${rbacGroup}/v1`,
    kind: "ClusterRole",
    metadata: { name: "all" },
    rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["get", "list", "escalate"] }],
  });
  await put(caches, clusterRoleBinding, {
    apiVersion: `${rbacGroup}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name: "all" },
    roleRef: { apiGroup: rbacGroup, kind: "ClusterRole", name: "all" },
    subjects: [{ kind: "User", name: "bob" }],
  });
  await checkEscalation(check as never, rules); // may escalate now
  const bind = {
    ...check,
    resource: "rolebindings",
    object: binding("b", { kind: "User", name: "x" }, { kind: "ClusterRole", name: "all" }),
  };
  await checkEscalation(bind as never, rules); // has all of it
  const unknown = { ...bind, object: binding("b", { kind: "User", name: "x" }) };
  await assert.rejects(checkEscalation(unknown as never, rules), {
    code: 404,
    message: `rolebindings.${rbacGroup} "reader" not found`,
  });
});

test("impersonatedUser asks for each thing impersonated, and tells the first refusal", async () => {
  await using here = await world();
  const { authorization } = here;
  const request = ask({ name: "system:kube-scheduler", groups: [] }, { verb: "list" });
  const wanted = { "impersonate-user": "bob", "impersonate-group": "g1, g2" };
  await assert.rejects(impersonatedUser(wanted, request, authorization), {
    message:
      'pods is forbidden: User "system:kube-scheduler" cannot impersonate-on:user-info:list resource "pods" in API group "" at the cluster scope',
  });
  const admin = { ...request, user: { name: "admin", groups: ["system:masters"] } };
  assert.deepEqual(await impersonatedUser(wanted, admin, authorization), {
    name: "bob",
    groups: ["g1", "g2", "system:authenticated"],
  });
  assert.deepEqual(
    await impersonatedUser(
      { "impersonate-user": "system:serviceaccount:x:s", "impersonate-extra-foo%2fbar": "a, b" },
      admin,
      authorization,
    ),
    {
      name: "system:serviceaccount:x:s",
      groups: ["system:serviceaccounts", "system:serviceaccounts:x", "system:authenticated"],
      extra: { "foo/bar": ["a", "b"] },
    },
  );
  assert.equal(await impersonatedUser({}, request, authorization), request.user);
  await assert.rejects(impersonatedUser({ "impersonate-group": "g" }, admin, authorization), {
    code: 400,
    message:
      'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"g"}, Extra:map[string][]string(nil)} without impersonating a user name',
  });
});

test("forbiddenError is worded as upstream words it", () => {
  assert.equal(
    forbiddenError(ask(jane, { verb: "list", namespace: "a", subresource: "log" }), "why").message,
    'pods is forbidden: User "jane" cannot list resource "pods/log" in API group "" in the namespace "a": why',
  );
});
