/** Roles of the control plane's components and of well-known services. */

import type { RuleTable } from "./rules.ts";

export const componentRoles: RuleTable = {
  "system:auth-delegator": [
    "create authentication.k8s.io tokenreviews",
    "create authorization.k8s.io subjectaccessreviews",
  ],
  "system:certificates.k8s.io:kube-apiserver-client-approver": [
    "approve certificates.k8s.io signers kubernetes.io/kube-apiserver-client",
  ],
  "system:certificates.k8s.io:kube-apiserver-client-kubelet-approver": [
    "approve certificates.k8s.io signers kubernetes.io/kube-apiserver-client-kubelet",
  ],
  "system:certificates.k8s.io:kubelet-serving-approver": [
    "approve certificates.k8s.io signers kubernetes.io/kubelet-serving",
  ],
  "system:certificates.k8s.io:legacy-unknown-approver": [
    "approve certificates.k8s.io signers kubernetes.io/legacy-unknown",
  ],
  "system:heapster": [
    "get,list,watch core events,namespaces,nodes,pods",
    "get,list,watch extensions deployments",
  ],
  "system:kube-aggregator": ["get,list,watch core endpoints,services"],
  "system:kube-controller-manager": [
    "create,patch,update core,events.k8s.io events",
    "create coordination.k8s.io leases",
    "get,update coordination.k8s.io leases kube-controller-manager",
    "create core secrets,serviceaccounts",
    "delete core secrets",
    "get core configmaps,namespaces,secrets,serviceaccounts",
    "update core secrets,serviceaccounts",
    "create authentication.k8s.io tokenreviews",
    "create authorization.k8s.io subjectaccessreviews",
    "list,watch * *",
    "create core serviceaccounts/token",
  ],
  "system:kube-dns": ["list,watch core endpoints,services"],
  "system:kube-scheduler": [
    "create,patch,update core,events.k8s.io events",
    "create coordination.k8s.io leases",
    "get,list,update,watch coordination.k8s.io leases kube-scheduler",
    "create,delete,deletecollection,get,list,patch,update,watch coordination.k8s.io leasecandidates",
    "get,list,watch core nodes",
    "delete,get,list,watch core pods",
    "create core bindings,pods/binding",
    "patch,update core pods/status",
    "get,list,watch core replicationcontrollers,services",
    "get,list,watch apps,extensions replicasets",
    "get,list,watch apps statefulsets",
    "get,list,watch policy poddisruptionbudgets",
    "get,list,watch core persistentvolumeclaims,persistentvolumes",
    "create authentication.k8s.io tokenreviews",
    "create authorization.k8s.io subjectaccessreviews",
    "get,list,watch storage.k8s.io csinodes",
    "get,list,watch storage.k8s.io volumeattachments",
    "get,list,watch core namespaces",
    "get,list,watch storage.k8s.io csidrivers",
    "get,list,watch storage.k8s.io csistoragecapacities",
    "get,list,watch resource.k8s.io deviceclasses",
    "get,list,patch,update,watch resource.k8s.io resourceclaims",
    "get,list,patch,update,watch resource.k8s.io resourceclaims/status",
    "update core pods/finalizers",
    "get,list,watch resource.k8s.io resourceslices",
    "create,delete resource.k8s.io resourceclaims",
    "patch,update resource.k8s.io resourceclaims/binding",
  ],
  "system:persistent-volume-provisioner": [
    "create,delete,get,list,watch core persistentvolumes",
    "get,list,update,watch core persistentvolumeclaims",
    "get,list,watch storage.k8s.io storageclasses",
    "watch core events",
    "create,patch,update core,events.k8s.io events",
  ],
  "system:volume-scheduler": [
    "get,list,patch,update,watch core persistentvolumes",
    "get,list,watch storage.k8s.io storageclasses",
    "get,list,patch,update,watch core persistentvolumeclaims",
  ],
};
