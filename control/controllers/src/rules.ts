/** What the controllers together may do in a cluster: their declarations, and what looking after any kind at all asks for. */

import { clusterRoleOf } from "@knarr/client/cluster-role.ts";
import type { PolicyRule } from "@knarr/kinds/generated/rbac-v1.ts";
import { controllers } from "./controllers.ts";

/** Garbage collection and namespace deletion are for every kind there is, custom ones included; they never create or read Secrets' content for others. */
const anyKind: PolicyRule = {
  apiGroups: ["*"],
  resources: ["*"],
  verbs: ["get", "list", "watch", "patch", "update", "delete", "deletecollection"],
};

/** Aggregation writes rules that its own user need not have. */
const aggregation: PolicyRule = {
  apiGroups: ["rbac.authorization.k8s.io"],
  resources: ["clusterroles"],
  verbs: ["escalate"],
};

/** Election, by whoever runs them. */
const leases: PolicyRule = {
  apiGroups: ["coordination.k8s.io"],
  resources: ["leases"],
  verbs: ["get", "create", "update"],
};

const discovery: PolicyRule = { nonResourceURLs: ["/api", "/api/*", "/apis", "/apis/*"], verbs: ["get"] };

export function controllerRules(): PolicyRule[] {
  const declared = controllers({
    rootCaPem: "",
    discover: () => Promise.reject(new Error("Cannot discover: only rules are read")),
  });
  return [
    ...declared.flatMap((controller) => clusterRoleOf(controller).rules ?? []),
    anyKind,
    aggregation,
    leases,
    discovery,
  ];
}
