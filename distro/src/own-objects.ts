/**
 * Objects that a cluster of ours has from its first start: the DNS Service that clients look for, and what our own parts may
 * do beyond upstream's default roles. Applied at every start: what is missing or was changed comes back.
 */

import { createApi } from "@knarr/client/create-api.ts";
import type { Transport } from "@knarr/client/transport.ts";
import { controllerRules } from "@knarr/controllers/rules.ts";
import { dnsRules } from "@knarr/dns/rules.ts";
import type { PolicyRule } from "@knarr/kinds/generated/rbac-v1.ts";
import { service } from "@knarr/kinds/core/service.ts";
import { clusterRole } from "@knarr/kinds/rbac/cluster-role.ts";
import { clusterRoleBinding } from "@knarr/kinds/rbac/cluster-role-binding.ts";

const DNS_ROLE = "system:knarr:dns";
const CONTROLLERS_ROLE = "system:knarr:controllers";
/** As the server that usually brings these kinds calls it. */
const METRICS_ROLE = "system:aggregated-metrics-reader";
const metricsRules = [
  { apiGroups: ["metrics.k8s.io"], resources: ["nodes", "pods"], verbs: ["get", "list", "watch"] },
];
const KUBELET_API_BINDING = "system:knarr:kubelet-api";

export async function ensureOwnObjects(
  transport: Transport,
  { clusterDns }: { readonly clusterDns: string },
): Promise<void> {
  const api = createApi(transport);
  const apply = { type: "apply", fieldManager: "knarr", force: true } as const;
  const rbac = "rbac.authorization.k8s.io";
  const bind = (name: string, role: string, user: string): Promise<unknown> =>
    api.patch(
      clusterRoleBinding,
      name,
      {
        apiVersion: `${rbac}/v1`,
        kind: "ClusterRoleBinding",
        metadata: { name },
        roleRef: { apiGroup: rbac, kind: "ClusterRole", name: role },
        subjects: [{ apiGroup: rbac, kind: "User", name: user }],
      },
      apply,
    );
  const grant = (name: string, rules: readonly PolicyRule[], labels: object = {}): Promise<unknown> =>
    api.patch(
      clusterRole,
      name,
      { apiVersion: `${rbac}/v1`, kind: "ClusterRole", metadata: { name, labels }, rules },
      apply,
    );
  await Promise.all([
    api.patch(service, "kube-system/kube-dns", dnsService(clusterDns), apply),
    grant(DNS_ROLE, dnsRules),
    grant(CONTROLLERS_ROLE, controllerRules()),
    grant(METRICS_ROLE, metricsRules, addedTo("view", "edit", "admin")),
    bind(CONTROLLERS_ROLE, CONTROLLERS_ROLE, "system:kube-controller-manager"),
    bind(DNS_ROLE, DNS_ROLE, "system:knarr:dns"),
    bind(KUBELET_API_BINDING, "system:kubelet-api-admin", "system:kube-apiserver"),
  ]);
}

/** Who has one of these roles may do this, too. */
function addedTo(...roles: readonly string[]): Record<string, string> {
  return Object.fromEntries(roles.map((role) => [`rbac.authorization.k8s.io/aggregate-to-${role}`, "true"]));
}

/** Without a selector: every node answers on this address itself. */
function dnsService(clusterIP: string): object {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: "kube-dns",
      namespace: "kube-system",
      labels: {
        "k8s-app": "kube-dns",
        "kubernetes.io/cluster-service": "true",
        "kubernetes.io/name": "CoreDNS",
      },
    },
    spec: {
      clusterIP,
      ports: [
        { name: "dns", port: 53, protocol: "UDP" },
        { name: "dns-tcp", port: 53, protocol: "TCP" },
      ],
    },
  };
}
