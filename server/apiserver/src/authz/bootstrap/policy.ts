/** The policy every cluster starts with: upstream's roles and bindings, as objects. */

import type {
  ClusterRole,
  ClusterRoleBinding,
  Role,
  RoleBinding,
  Subject,
} from "@knarr/kinds/generated/rbac-v1.ts";
import { componentRoles } from "./components.ts";
import { controllerRoles } from "./controllers.ts";
import { discoveryRoles } from "./discovery.ts";
import { namespacedRoles } from "./namespaces.ts";
import { nodeRoles } from "./nodes.ts";
import { ruleOf, type RuleTable } from "./rules.ts";
import { userRoles } from "./users.ts";

export const GROUP = "rbac.authorization.k8s.io";
const API_VERSION = `${GROUP}/v1`;
export const AUTOUPDATE = "rbac.authorization.kubernetes.io/autoupdate";
const CONTROLLER = "system:controller:";

export interface BootstrapPolicy {
  readonly clusterRoles: readonly ClusterRole[];
  readonly clusterRoleBindings: readonly ClusterRoleBinding[];
  readonly roles: readonly Role[];
  readonly roleBindings: readonly RoleBinding[];
}

/** Cluster role → subjects, beyond controllers, which are bound to their service accounts. */
const BOUND: Readonly<Record<string, readonly string[]>> = {
  "cluster-admin": ["Group system:masters"],
  "system:monitoring": ["Group system:monitoring"],
  "system:discovery": ["Group system:authenticated"],
  "system:basic-user": ["Group system:authenticated"],
  "system:public-info-viewer": ["Group system:authenticated", "Group system:unauthenticated"],
  "system:node-proxier": ["User system:kube-proxy"],
  "system:kube-controller-manager": ["User system:kube-controller-manager"],
  "system:kube-dns": ["ServiceAccount kube-system/kube-dns"],
  "system:kube-scheduler": ["User system:kube-scheduler"],
  "system:volume-scheduler": ["User system:kube-scheduler"],
  "system:service-account-issuer-discovery": ["Group system:serviceaccounts"],
  "system:node": [], // the node authorizer does it
};

/** Roles that are put together from others, by label, and are themselves part of the next. */
const AGGREGATED = [
  { name: "admin", from: "admin", into: undefined },
  { name: "edit", from: "edit", into: "admin" },
  { name: "view", from: "view", into: "edit" },
] as const;

export function bootstrapPolicy(): BootstrapPolicy {
  const tables: RuleTable = { ...userRoles, ...discoveryRoles, ...nodeRoles, ...componentRoles };
  const controllers = Object.keys(controllerRoles);
  return {
    clusterRoles: [
      ...AGGREGATED.map(aggregatedRole),
      ...Object.entries(tables).map(([name, rules]) => clusterRole(name, rules)),
      ...controllers.map((name) => clusterRole(CONTROLLER + name, controllerRoles[name]!)),
    ],
    clusterRoleBindings: [
      ...Object.entries(BOUND).map(([name, subjects]) => clusterRoleBinding(name, subjects)),
      ...controllers.map((name) =>
        clusterRoleBinding(CONTROLLER + name, [`ServiceAccount kube-system/${name}`]),
      ),
    ],
    roles: namespacedRoles.map(({ namespace, name, rules }) => ({
      apiVersion: API_VERSION,
      kind: "Role",
      metadata: { ...metadata(name), namespace },
      rules: rules.map(ruleOf),
    })),
    roleBindings: namespacedRoles.map(({ namespace, name, binding = name, subjects }) => ({
      apiVersion: API_VERSION,
      kind: "RoleBinding",
      metadata: { ...metadata(binding), namespace },
      roleRef: { apiGroup: GROUP, kind: "Role", name },
      subjects: subjects.map(subjectOf),
    })),
  };
}

function metadata(
  name: string,
  labels: Readonly<Record<string, string>> = {},
): NonNullable<ClusterRole["metadata"]> {
  return {
    name,
    labels: { "kubernetes.io/bootstrapping": "rbac-defaults", ...labels },
    annotations: { [AUTOUPDATE]: "true" },
  };
}

function aggregatedRole({ name, from, into }: (typeof AGGREGATED)[number]): ClusterRole {
  const matchLabels = { [`${GROUP}/aggregate-to-${from}`]: "true" };
  return {
    apiVersion: API_VERSION,
    kind: "ClusterRole",
    metadata: metadata(name, into && { [`${GROUP}/aggregate-to-${into}`]: "true" }),
    aggregationRule: { clusterRoleSelectors: [{ matchLabels }] },
  } as ClusterRole;
}

/** `system:aggregate-to-edit` is what its label says. */
function clusterRole(name: string, rules: readonly string[]): ClusterRole {
  const aggregated = /^system:(aggregate-to-\w+)$/.exec(name)?.[1];
  return {
    apiVersion: API_VERSION,
    kind: "ClusterRole",
    metadata: metadata(name, aggregated ? { [`${GROUP}/${aggregated}`]: "true" } : {}),
    rules: rules.map(ruleOf),
  };
}

function clusterRoleBinding(name: string, subjects: readonly string[]): ClusterRoleBinding {
  return {
    apiVersion: API_VERSION,
    kind: "ClusterRoleBinding",
    metadata: metadata(name),
    roleRef: { apiGroup: GROUP, kind: "ClusterRole", name },
    ...(subjects.length > 0 && { subjects: subjects.map(subjectOf) }),
  };
}

function subjectOf(text: string): Subject {
  const [kind = "", name = ""] = text.split(" ");
  if (kind !== "ServiceAccount") return { apiGroup: GROUP, kind, name };
  const slash = name.indexOf("/");
  return { kind, namespace: name.slice(0, slash), name: name.slice(slash + 1) };
}
