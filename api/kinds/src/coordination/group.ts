/** The kinds of coordination.k8s.io/v1, v1beta1 and v1alpha2. */

import { defineGroup } from "../group.ts";
import { lease } from "./lease.ts";
import { leaseCandidate, leaseCandidateV1alpha2 } from "./lease-candidate.ts";

export const coordination = defineGroup({
  group: "coordination.k8s.io",
  version: "v1",
  resources: [lease],
});

export const coordinationV1beta1 = defineGroup({
  group: "coordination.k8s.io",
  version: "v1beta1",
  isOffByDefault: true,
  resources: [leaseCandidate],
});

export const coordinationV1alpha2 = defineGroup({
  group: "coordination.k8s.io",
  version: "v1alpha2",
  isOffByDefault: true,
  resources: [leaseCandidateV1alpha2],
});
