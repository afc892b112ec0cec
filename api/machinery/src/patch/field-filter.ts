/**
 * Which fields a request may own at all. The ordinary endpoint of a kind resets `status`, `/status` resets `spec`: what
 * would be reset is nobody's. A few subresources of pods say instead which fields they may set.
 */

import { fieldElement } from "./field-element.ts";
import { fieldSetOf, LEAF, recursiveDifference, type FieldNode, type FieldSet } from "./field-set.ts";

export type FieldFilter = (set: FieldSet) => FieldSet;

/** Drops the named fields and all below them: `excluding("status", "metadata.labels")`. */
export function excluding(...paths: readonly string[]): FieldFilter {
  const excluded = fieldSetOf(...paths.map((path) => path.split(".").map(fieldElement)));
  return (set) => recursiveDifference(set, excluded);
}

/** Keeps only what lies at or below the named fields; `*` is any one element: `including("spec.containers.*.resources")`. */
export function including(...paths: readonly string[]): FieldFilter {
  const patterns = paths.map((path) => path.split("."));
  return (set) => keep(set, patterns) ?? LEAF;
}

function keep(set: FieldSet, patterns: readonly (readonly string[])[]): FieldSet | undefined {
  if (patterns.some((pattern) => pattern.length === 0)) return set;
  const node: FieldNode = {};
  let any = false;
  for (const element in set) {
    const below = patterns
      .filter(([first]) => first === "*" || fieldElement(first!) === element)
      .map((pattern) => pattern.slice(1));
    if (element === "." || below.length === 0) continue;
    // A member on the way to a pattern is kept, as upstream does.
    const kept = keep(set[element]!, below) ?? (isKeptLeaf(set[element]!) ? LEAF : undefined);
    if (!kept) continue;
    node[element] = "." in set[element]! && !("." in kept) ? { ".": LEAF, ...kept } : kept;
    any = true;
  }
  return any ? node : undefined;
}

function isKeptLeaf(node: FieldSet): boolean {
  return "." in node || Object.keys(node).length === 0;
}

/** What `/status` resets beside `spec`. */
const STATUS_RESETS: Readonly<Record<string, readonly string[]>> = {
  "Deployment.apps": ["metadata.labels"],
  Pod: ["metadata.deletionTimestamp", "metadata.ownerReferences"],
};

/** Newer kinds reset all metadata on `/status`. */
const METADATA_RESETS = new Set([
  "APIService.apiregistration.k8s.io",
  "FlowSchema.flowcontrol.apiserver.k8s.io",
  "PriorityLevelConfiguration.flowcontrol.apiserver.k8s.io",
  "ResourceClaim.resource.k8s.io",
  "DeviceTaintRule.resource.k8s.io",
  "ValidatingAdmissionPolicy.admissionregistration.k8s.io",
  "ServiceCIDR.networking.k8s.io",
  "StorageVersion.internal.apiserver.k8s.io",
  "StorageVersionMigration.storagemigration.k8s.io",
  "VolumeAttachment.storage.k8s.io",
  "PodGroup.scheduling.k8s.io",
  "ResourcePoolStatusRequest.resource.k8s.io",
]);

/** Its spec is fixed at creation, and conditions belong to `/approval`. */
const CSR = "CertificateSigningRequest.certificates.k8s.io";

const filters = new Map<string, FieldFilter>();

/** The filter of a built-in kind with a status subresource, at one of its endpoints; undefined when nothing is reset. */
export function filterOf(
  kind: { readonly group: string; readonly kind: string },
  subresource: string,
): FieldFilter | undefined {
  const name = kind.group ? `${kind.kind}.${kind.group}` : kind.kind;
  const key = `${name}/${subresource}`;
  let filter = filters.get(key);
  if (!filter && (filter = makeFilter(name, subresource))) filters.set(key, filter);
  return filter;
}

function makeFilter(name: string, subresource: string): FieldFilter | undefined {
  switch (subresource) {
    case "":
    case "finalize":
      return name.endsWith(CSR) ? excluding("spec", "status") : excluding("status");
    case "status":
      if (name.endsWith(CSR)) return excluding("spec", "status.conditions");
      return excluding("spec", ...(METADATA_RESETS.has(name) ? ["metadata"] : (STATUS_RESETS[name] ?? [])));
    case "approval":
      return excluding("spec", "status.certificate");
    case "ephemeralcontainers":
      return including("spec.ephemeralContainers");
    case "resize":
      return including(
        "spec.containers.*.resources",
        "spec.containers.*.resizePolicy",
        "spec.initContainers.*.resources",
        "spec.initContainers.*.resizePolicy",
      );
    default:
      return undefined;
  }
}
