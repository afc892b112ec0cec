/** Which labels a node may not give itself: those that others rely on to say where pods may run (KEP-279). */

const RESTRICTED = "node-restriction.kubernetes.io";

/** Labels with a Kubernetes prefix that a kubelet sets by itself. */
const KUBELET_LABELS = new Set([
  "kubernetes.io/hostname",
  "topology.kubernetes.io/zone",
  "topology.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region",
  "node.kubernetes.io/instance-type",
  "kubernetes.io/os",
  "kubernetes.io/arch",
  "beta.kubernetes.io/instance-type",
  "beta.kubernetes.io/os",
  "beta.kubernetes.io/arch",
]);
const KUBELET_PREFIXES = ["kubelet.kubernetes.io", "node.kubernetes.io"];

type Labels = Readonly<Record<string, string>> | undefined;

/** Labels that differ and are not the node's to change, sorted. */
export function forbiddenNodeLabels(now: Labels, before: Labels): string[] {
  const keys = new Set([...Object.keys(now ?? {}), ...Object.keys(before ?? {})]);
  return [...keys].filter((key) => now?.[key] !== before?.[key] && isForbidden(key)).sort();
}

function isForbidden(key: string): boolean {
  const slash = key.indexOf("/");
  const prefix = slash < 0 ? "" : key.slice(0, slash);
  if (isUnder(prefix, RESTRICTED)) return true;
  if (!isUnder(prefix, "kubernetes.io") && !isUnder(prefix, "k8s.io")) return false;
  return !KUBELET_LABELS.has(key) && !KUBELET_PREFIXES.some((allowed) => isUnder(prefix, allowed));
}

function isUnder(prefix: string, domain: string): boolean {
  return prefix === domain || prefix.endsWith(`.${domain}`);
}
