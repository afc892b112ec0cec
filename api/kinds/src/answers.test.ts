/** The kinds against upstream's recorded answers: each kind has a floor of agreement that it may not fall below. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { agreement } from "./answers/agreement.ts";
import { answersMissing } from "./answers/cases.ts";

/** Per cent of recorded writes: same causes, same to the letter. */
const floors: Readonly<Record<string, readonly [causes: number, exact: number]>> = {
  APIService: [100, 100],
  CustomResourceDefinition: [98, 97], // what is established has a condition, which no kind sets
  Namespace: [100, 100],
  ConfigMap: [97, 97],
  Secret: [100, 100],
  ServiceAccount: [100, 93],
  Event: [100, 100],
  LimitRange: [100, 98],
  ResourceQuota: [100, 100],
  FlowSchema: [100, 88], // whether it dangles is the server's to say
  PriorityLevelConfiguration: [100, 100],
  DeviceClass: [100, 100],
  ResourceClaim: [100, 100],
  ResourceClaimTemplate: [100, 100],
  ResourceSlice: [100, 98],
  Endpoints: [100, 50],
  EndpointSlice: [100, 98],
  Lease: [100, 100],
  Role: [100, 100],
  ClusterRole: [100, 100],
  RoleBinding: [100, 100],
  ClusterRoleBinding: [100, 100],
  PriorityClass: [100, 100],
  Pod: [100, 99],
  PodTemplate: [100, 100],
  Ingress: [100, 98],
  IngressClass: [100, 100],
  NetworkPolicy: [100, 99],
  IPAddress: [100, 100],
  ServiceCIDR: [100, 86],
  RuntimeClass: [100, 100],
  PersistentVolume: [100, 90],
  PersistentVolumeClaim: [100, 95],
  StorageClass: [100, 98],
  CSIDriver: [100, 100],
  CSINode: [100, 100],
  CSIStorageCapacity: [100, 100],
  VolumeAttachment: [100, 96],
  VolumeAttributesClass: [100, 100],
  Service: [99, 99], // one port is refused for being taken, which no kind can know
  Node: [100, 100],
  Deployment: [100, 100],
  ReplicaSet: [100, 100],
  StatefulSet: [100, 100],
  DaemonSet: [100, 100],
  ControllerRevision: [100, 100],
  ReplicationController: [100, 100],
  Job: [100, 100],
  CronJob: [100, 98],
  HorizontalPodAutoscaler: [100, 100],
  PodDisruptionBudget: [100, 100],
  MutatingWebhookConfiguration: [100, 100],
  ValidatingWebhookConfiguration: [100, 100],
  ValidatingAdmissionPolicy: [100, 100],
  ValidatingAdmissionPolicyBinding: [100, 100],
  MutatingAdmissionPolicy: [100, 100],
};

for (const [kind, [causes, exact]] of Object.entries(floors)) {
  test(`${kind} refuses and accepts what upstream does`, { skip: answersMissing }, () => {
    const row = agreement(new RegExp(`^${kind}/`)).get(kind)!;
    const miss = row.misses[0];
    const example = `; for example ${miss?.id}: wanted ${JSON.stringify(miss?.verdict.want)}, got ${JSON.stringify(miss?.verdict.got)}`;
    assert.ok(
      (row.causes / row.cases) * 100 >= causes,
      `${row.causes} of ${row.cases} agree in causes${example}`,
    );
    assert.ok(
      (row.exact / row.cases) * 100 >= exact,
      `${row.exact} of ${row.cases} agree to the letter${example}`,
    );
  });
}
