/**
 * In which order discovery shows groups, and versions within a group: upstream's numbers, which are in the APIServices of
 * built-in groups, too. The higher comes first. Clients prefer what comes first.
 */

export interface Priority {
  readonly group: number;
  readonly version: number;
}

/** APIServices themselves have none: their group comes first, always. */
export const FIRST_GROUP = "apiregistration.k8s.io";

/** Of groups that CustomResourceDefinitions bring. */
export const CUSTOM: Priority = { group: 1000, version: 100 };

/** Table of built-in groups: group priority, then the versions with theirs. */
const builtIn: Readonly<
  Record<string, readonly [group: number, versions: Readonly<Record<string, number>>]>
> = {
  "": [18000, { v1: 1 }],
  apps: [17800, { v1: 15 }],
  "events.k8s.io": [17750, { v1: 15, v1beta1: 5 }],
  "authentication.k8s.io": [17700, { v1: 15, v1beta1: 9, v1alpha1: 1 }],
  "authorization.k8s.io": [17600, { v1: 15 }],
  autoscaling: [17500, { v2: 30, v1: 15, v2beta1: 9, v2beta2: 1 }],
  batch: [17400, { v1: 15, v1beta1: 9, v2alpha1: 9 }],
  "certificates.k8s.io": [17300, { v1: 15, v1beta1: 9, v1alpha1: 1 }],
  "networking.k8s.io": [17200, { v1: 15, v1beta1: 9 }],
  policy: [17100, { v1: 15, v1beta1: 9 }],
  "rbac.authorization.k8s.io": [17000, { v1: 15 }],
  "storage.k8s.io": [16800, { v1: 15, v1beta1: 9, v1alpha1: 1 }],
  "admissionregistration.k8s.io": [16700, { v1: 15, v1beta1: 12, v1alpha1: 9 }],
  "apiextensions.k8s.io": [16700, { v1: 15 }],
  "scheduling.k8s.io": [16600, { v1: 15, v1alpha2: 2 }],
  "coordination.k8s.io": [16500, { v1: 15, v1beta1: 13, v1alpha2: 12 }],
  "node.k8s.io": [16300, { v1: 15, v1beta1: 9, v1alpha1: 1 }],
  "discovery.k8s.io": [16200, { v1: 15, v1beta1: 12 }],
  "resource.k8s.io": [16200, { v1: 21, v1beta2: 15, v1beta1: 9, v1alpha3: 1 }],
  "flowcontrol.apiserver.k8s.io": [16100, { v1: 21, v1beta3: 18, v1beta2: 15, v1beta1: 12, v1alpha1: 9 }],
  "internal.apiserver.k8s.io": [16000, { v1alpha1: 9 }],
  "storagemigration.k8s.io": [15800, { v1beta1: 9 }],
};

/** Undefined for what is not built in, and for the group of APIServices themselves. */
export function builtInPriority(group: string, version: string): Priority | undefined {
  const [priority, versions] = builtIn[group] ?? [];
  const own = versions?.[version];
  return priority !== undefined && own !== undefined ? { group: priority, version: own } : undefined;
}
