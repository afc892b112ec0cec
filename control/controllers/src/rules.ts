/** What the controllers together may do in a cluster: their declarations, and what looking after any kind at all asks for. */

import { clusterRoleOf } from "@knarr/client/cluster-role.ts";
import type { PolicyRule } from "@knarr/kinds/generated/rbac-v1.ts";
import { everyController } from "./controllers.ts";
import { KUBELET_CLIENT } from "./certificate-requests.ts";
import { signers } from "./csr-signing/signers.ts";
import { SERVING_SIGNER } from "./trust-bundle/controller.ts";

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

/** Whose certificates they approve, sign and attest for. */
const forSigners = (verb: string, resourceNames: string[]): PolicyRule => ({
  apiGroups: ["certificates.k8s.io"],
  resources: ["signers"],
  resourceNames,
  verbs: [verb],
});

export function controllerRules(): PolicyRule[] {
  return [
    ...everyController().flatMap((controller) => clusterRoleOf(controller).rules ?? []),
    anyKind,
    aggregation,
    leases,
    forSigners("approve", [KUBELET_CLIENT]),
    forSigners("sign", [...signers.keys()]),
    forSigners("attest", [SERVING_SIGNER]),
    discovery,
  ];
}
