/**
 * Table: an ordinary object of every kind that can be stored, by kind, as short as its rules allow. Without apiVersion and name: a test adds
 * them. What depends on other objects depends on those that every server has.
 */

import { generateKeyPairSync, sign } from "node:crypto";

const podSpec = {
  containers: [{ name: "c", image: "registry.example/app:1" }],
  automountServiceAccountToken: false,
};
const labels = { app: "web" };
const template = { metadata: { labels }, spec: podSpec };
const selector = { matchLabels: labels };
const rules = [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }];
const everything = [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["CREATE"], resources: ["*"] }];
const webhook = {
  name: "hook.example.org",
  clientConfig: { url: "https://127.0.0.1:1/" },
  sideEffects: "None",
  admissionReviewVersions: ["v1"],
  rules: [{ ...everything[0], apiGroups: ["none.example.org"] }],
};
const oldRequest = { name: "r", deviceClassName: "class" };
const device = { exactly: { deviceClassName: "class" } };
/** Of a key that nobody has any more. */
const REQUEST = `-----BEGIN CERTIFICATE REQUEST-----
MIHLMHMCAQAwETEPMA0GA1UEAwwGc2FtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEBAxpBUnnWVHBmdqpgp03irMV2Se1CMCERtHIHNg0WRLZdlqJLfEDo7WK
cZjCiLG4P8B7RtkGHOiCRnpWpzbTi6AAMAoGCCqGSM49BAMCA0gAMEUCIQDbeSSu
JL8DU1y+U4qvzKpaCLtKC4SgKf5gc9HMjLqYtwIgffD9oVArqZEzuloezVwLvbG8
C1ryhlRkFjXmX0Nu3qc=
-----END CERTIFICATE REQUEST-----
`;
const AUTHORITY = `-----BEGIN CERTIFICATE-----
MIIBeTCCAR+gAwIBAgIUA0VGOnuYa6kvhXcf3/kbTeRz77wwCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGc2FtcGxlMCAXDTI2MTEyOTExMzcxNFoYDzIxMjYxMTA1MTEz
NzE0WjARMQ8wDQYDVQQDDAZzYW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AAQEDGkFSedZUcGZ2qmCnTeKsxXZJ7UIwIRG0cgc2DRZEtl2Wokt8QOjtYpxmMKI
sbg/wHtG2QYc6IJGelanNtOLo1MwUTAdBgNVHQ4EFgQUi6nxUbUdcRJEoWav/pGd
RBwVaVMwHwYDVR0jBBgwFoAUi6nxUbUdcRJEoWav/pGdRBwVaVMwDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiA6GbwdiShtyHKqGcyw4ZPdsj6nwr6q
sfReWNhuII0gsQIhANvhmHHgec+XqYAkkHZm5gxqR42M3c8XzGArPmnPmmxm
-----END CERTIFICATE-----
`;
const POD_UID = "c7b3a1f0-0000-4000-8000-000000000001";
const pair = generateKeyPairSync("ed25519");

export const samples: Readonly<Record<string, object>> = {
  Namespace: {},
  Node: { spec: { podCIDR: "10.42.9.0/24", podCIDRs: ["10.42.9.0/24"] } },
  Pod: { spec: podSpec },
  PodTemplate: { template },
  ReplicationController: { spec: { replicas: 1, selector: labels, template } },
  Service: { spec: { selector: labels, clusterIP: "10.43.9.9", ports: [{ port: 80 }] } },
  Endpoints: { subsets: [{ addresses: [{ ip: "192.0.2.1" }], ports: [{ port: 80 }] }] },
  ConfigMap: { data: { a: "1" } },
  Secret: { stringData: { a: "1" } },
  ServiceAccount: { automountServiceAccountToken: false },
  "core Event": {
    ...{ reason: "Tested", message: "it was", type: "Normal", source: { component: "walk" } },
    involvedObject: { kind: "Pod", namespace: "default", name: "p" },
  },
  "events.k8s.io Event": {
    ...{ eventTime: "2026-01-01T00:00:00.000000Z", reportingController: "example.org/walk" },
    ...{ reportingInstance: "walk", action: "Test", reason: "Tested", type: "Normal" },
    regarding: { kind: "Pod", namespace: "default", name: "p" },
  },
  PersistentVolume: {
    spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/data" } },
  },
  PersistentVolumeClaim: {
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  },
  LimitRange: { spec: { limits: [{ type: "Container", default: { cpu: "1" } }] } },
  ResourceQuota: { spec: { hard: { pods: "10" } } },
  APIService: {
    spec: {
      ...{ group: "walk.example.org", version: "v1", groupPriorityMinimum: 1000, versionPriority: 10 },
      ...{ insecureSkipTLSVerify: true, service: { namespace: "default", name: "nothing" } },
    },
  },
  ControllerRevision: { revision: 1, data: { a: 1 } },
  DaemonSet: { spec: { selector, template } },
  Deployment: { spec: { selector, template } },
  ReplicaSet: { spec: { selector, template } },
  StatefulSet: { spec: { serviceName: "web", selector, template } },
  HorizontalPodAutoscaler: {
    spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" }, maxReplicas: 3 },
  },
  CronJob: {
    spec: {
      schedule: "*/5 * * * *",
      jobTemplate: { spec: { template: { spec: { ...podSpec, restartPolicy: "Never" } } } },
    },
  },
  Job: {
    spec: {
      ...{ manualSelector: true, selector },
      template: { metadata: { labels }, spec: { ...podSpec, restartPolicy: "Never" } },
    },
  },
  CertificateSigningRequest: {
    spec: { request: btoa(REQUEST), signerName: "example.org/signer", usages: ["client auth"] },
  },
  ClusterTrustBundle: { spec: { trustBundle: AUTHORITY } },
  PodCertificateRequest: {
    spec: {
      ...{ signerName: "example.org/signer", podName: "p", podUID: POD_UID },
      ...{ serviceAccountName: "default", serviceAccountUID: POD_UID, nodeName: "n1", nodeUID: POD_UID },
      pkixPublicKey: pair.publicKey.export({ type: "spki", format: "der" }).toString("base64"),
      proofOfPossession: sign(null, Buffer.from(POD_UID), pair.privateKey).toString("base64"),
    },
  },
  Ingress: { spec: { defaultBackend: { service: { name: "web", port: { number: 80 } } } } },
  IngressClass: { spec: { controller: "example.org/ingress" } },
  NetworkPolicy: { spec: { podSelector: {}, policyTypes: ["Ingress"] } },
  IPAddress: { spec: { parentRef: { resource: "services", namespace: "default", name: "web" } } },
  ServiceCIDR: { spec: { cidrs: ["10.99.0.0/24"] } },
  PodDisruptionBudget: { spec: { minAvailable: 1, selector } },
  Role: { rules },
  ClusterRole: { rules },
  RoleBinding: {
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "r" },
    subjects: [{ kind: "ServiceAccount", name: "default", namespace: "default" }],
  },
  ClusterRoleBinding: {
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "readers" }],
  },
  StorageClass: { provisioner: "example.org/disks" },
  CSIDriver: { spec: { attachRequired: false } },
  CSINode: { spec: { drivers: [] } },
  CSIStorageCapacity: { storageClassName: "disks", capacity: "1Gi" },
  VolumeAttachment: {
    spec: { attacher: "example.org", nodeName: "n1", source: { persistentVolumeName: "v" } },
  },
  VolumeAttributesClass: { driverName: "example.org", parameters: { iops: "100" } },
  ValidatingWebhookConfiguration: { webhooks: [webhook] },
  MutatingWebhookConfiguration: { webhooks: [webhook] },
  ValidatingAdmissionPolicy: {
    spec: { matchConstraints: { resourceRules: everything }, validations: [{ expression: "true" }] },
  },
  ValidatingAdmissionPolicyBinding: { spec: { policyName: "p", validationActions: ["Warn"] } },
  MutatingAdmissionPolicy: {
    spec: {
      matchConstraints: { resourceRules: everything },
      reinvocationPolicy: "Never",
      mutations: [
        {
          patchType: "JSONPatch",
          jsonPatch: { expression: '[JSONPatch{op: "add", path: "/metadata/labels/x", value: "y"}]' },
        },
      ],
    },
  },
  MutatingAdmissionPolicyBinding: { spec: { policyName: "p" } },
  PriorityClass: { value: 100 },
  Workload: { spec: { podGroupTemplates: [{ name: "g", schedulingPolicy: { basic: {} } }] } },
  PodGroup: { spec: { schedulingPolicy: { basic: {} } } },
  Lease: { spec: { holderIdentity: "me", leaseDurationSeconds: 10 } },
  LeaseCandidate: {
    spec: {
      leaseName: "l",
      binaryVersion: "1.36.0",
      emulationVersion: "1.36.0",
      strategy: "OldestEmulationVersion",
    },
  },
  RuntimeClass: { handler: "runc" },
  EndpointSlice: {
    addressType: "IPv4",
    endpoints: [{ addresses: ["192.0.2.1"] }],
    ports: [{ port: 80, name: "http" }],
  },
  DeviceClass: { spec: { selectors: [{ cel: { expression: "device.driver == 'example.org'" } }] } },
  "v1beta1 ResourceClaim": { spec: { devices: { requests: [oldRequest] } } },
  "v1beta1 ResourceClaimTemplate": { spec: { spec: { devices: { requests: [oldRequest] } } } },
  ResourceClaim: { spec: { devices: { requests: [{ name: "r", ...device }] } } },
  ResourceClaimTemplate: { spec: { spec: { devices: { requests: [{ name: "r", ...device }] } } } },
  ResourceSlice: {
    spec: {
      ...{ driver: "example.org", nodeName: "n1" },
      pool: { name: "n1", generation: 1, resourceSliceCount: 1 },
      devices: [{ name: "d" }],
    },
  },
  DeviceTaintRule: { spec: { taint: { key: "example.org/broken", effect: "NoSchedule" } } },
  ResourcePoolStatusRequest: { spec: { driver: "example.org" } },
  FlowSchema: {
    spec: {
      priorityLevelConfiguration: { name: "global-default" },
      rules: [
        {
          subjects: [{ kind: "User", user: { name: "u" } }],
          nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
        },
      ],
    },
  },
  PriorityLevelConfiguration: {
    spec: {
      type: "Limited",
      limited: { nominalConcurrencyShares: 10, limitResponse: { type: "Reject" } },
    },
  },
  StorageVersion: { spec: {} },
  StorageVersionMigration: { spec: { resource: { group: "", resource: "pods" } } },
  CustomResourceDefinition: {
    spec: {
      ...{ group: "walk.example.org", scope: "Namespaced" },
      names: { plural: "walks", singular: "walk", kind: "Walk", listKind: "WalkList" },
      versions: [
        { ...{ name: "v1", served: true, storage: true }, schema: { openAPIV3Schema: { type: "object" } } },
      ],
    },
  },
};

/** Names that a kind's rules want otherwise than `sample`. */
export const names: Readonly<Record<string, string>> = {
  APIService: "v1.walk.example.org",
  CustomResourceDefinition: "walks.walk.example.org",
  IPAddress: "10.43.7.7",
  StorageVersion: "apps.deployments",
};
