/** Roles within the namespaces of the system, and who is bound to each. */

import type { NamespacedPolicy } from "./rules.ts";

export const namespacedRoles: readonly NamespacedPolicy[] = [
  {
    namespace: "kube-public",
    name: "system:controller:bootstrap-signer",
    rules: [
      "get,list,watch core configmaps",
      "update core configmaps cluster-info",
      "create,patch,update core,events.k8s.io events",
    ],
    subjects: ["ServiceAccount kube-system/bootstrap-signer"],
  },
  {
    namespace: "kube-system",
    name: "extension-apiserver-authentication-reader",
    binding: "system::extension-apiserver-authentication-reader",
    rules: ["get,list,watch core configmaps extension-apiserver-authentication"],
    subjects: ["User system:kube-controller-manager", "User system:kube-scheduler"],
  },
  {
    namespace: "kube-system",
    name: "system::leader-locking-kube-controller-manager",
    rules: [
      "create,get,list,update,watch coordination.k8s.io leases",
      "create,get,list,update,watch coordination.k8s.io leasecandidates",
    ],
    subjects: [
      "User system:kube-controller-manager",
      "ServiceAccount kube-system/kube-controller-manager",
      "ServiceAccount kube-system/leader-election-controller",
    ],
  },
  {
    namespace: "kube-system",
    name: "system::leader-locking-kube-scheduler",
    rules: [
      "create,get,list,update,watch coordination.k8s.io leases",
      "create,get,list,update,watch coordination.k8s.io leasecandidates",
    ],
    subjects: ["User system:kube-scheduler", "ServiceAccount kube-system/kube-scheduler"],
  },
  {
    namespace: "kube-system",
    name: "system:controller:bootstrap-signer",
    rules: ["get,list,watch core secrets"],
    subjects: ["ServiceAccount kube-system/bootstrap-signer"],
  },
  {
    namespace: "kube-system",
    name: "system:controller:cloud-provider",
    rules: ["create,get,list,watch core configmaps"],
    subjects: ["ServiceAccount kube-system/cloud-provider"],
  },
  {
    namespace: "kube-system",
    name: "system:controller:token-cleaner",
    rules: ["delete,get,list,watch core secrets", "create,patch,update core,events.k8s.io events"],
    subjects: ["ServiceAccount kube-system/token-cleaner"],
  },
];
