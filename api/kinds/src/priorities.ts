/**
 * Where each group stands among the others in discovery, and each version in its group: what comes first is what an unqualified name means
 * (`kubectl get events` is core's). Upstream's numbers; they also stand in the APIService of each group and version.
 */

import type { Group } from "./group.ts";

/** Higher is earlier. */
export interface Priority {
  readonly group: number;
  readonly version: number;
}

const priorities: Readonly<Record<string, readonly [group: number, version: number]>> = {
  "/v1": [18000, 1],
  "apiregistration.k8s.io/v1": [18000, 15],
  "apps/v1": [17800, 15],
  "events.k8s.io/v1": [17750, 15],
  "authentication.k8s.io/v1": [17700, 15],
  "authorization.k8s.io/v1": [17600, 15],
  "autoscaling/v2": [17500, 30],
  "autoscaling/v1": [17500, 15],
  "batch/v1": [17400, 15],
  "certificates.k8s.io/v1": [17300, 15],
  "certificates.k8s.io/v1beta1": [17300, 9],
  "certificates.k8s.io/v1alpha1": [17300, 1],
  "networking.k8s.io/v1": [17200, 15],
  "networking.k8s.io/v1beta1": [17200, 9],
  "policy/v1": [17100, 15],
  "rbac.authorization.k8s.io/v1": [17000, 15],
  "storage.k8s.io/v1": [16800, 15],
  "storage.k8s.io/v1beta1": [16800, 9],
  "admissionregistration.k8s.io/v1": [16700, 15],
  "admissionregistration.k8s.io/v1beta1": [16700, 12],
  "admissionregistration.k8s.io/v1alpha1": [16700, 9],
  "apiextensions.k8s.io/v1": [16700, 15],
  "scheduling.k8s.io/v1": [16600, 15],
  "scheduling.k8s.io/v1alpha2": [16600, 2],
  "coordination.k8s.io/v1": [16500, 15],
  "coordination.k8s.io/v1beta1": [16500, 13],
  "coordination.k8s.io/v1alpha2": [16500, 12],
  "node.k8s.io/v1": [16300, 15],
  "discovery.k8s.io/v1": [16200, 15],
  "resource.k8s.io/v1": [16200, 21],
  "resource.k8s.io/v1beta2": [16200, 15],
  "resource.k8s.io/v1beta1": [16200, 9],
  "resource.k8s.io/v1alpha3": [16200, 1],
  "flowcontrol.apiserver.k8s.io/v1": [16100, 21],
  "internal.apiserver.k8s.io/v1alpha1": [16000, 9],
  "storagemigration.k8s.io/v1beta1": [15800, 9],
  "metrics.k8s.io/v1beta1": [100, 100],
};

/** Throws for a group that nobody gave a place. */
export function priorityOf({ group, version }: Pick<Group, "group" | "version">): Priority {
  const priority = findPriority({ group, version });
  if (!priority) throw new RangeError(`Give ${group}/${version} its place in priorities.ts`);
  return priority;
}

/** Undefined for what is not built in. */
export function findPriority({ group, version }: Pick<Group, "group" | "version">): Priority | undefined {
  const row = priorities[`${group}/${version}`];
  return row && { group: row[0], version: row[1] };
}

/** Equal groups go by name; core, which has none, comes first. */
export function byPriority(a: Group, b: Group): number {
  const [first, second] = [priorityOf(a), priorityOf(b)];
  if (first.group !== second.group) return second.group - first.group;
  if (a.group !== b.group) return a.group < b.group ? -1 : 1;
  return second.version - first.version;
}
