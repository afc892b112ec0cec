/**
 * NodeRestriction: what a node's agent may write. RBAC and the node authorizer say which kinds; here stands which objects of them, and
 * which of their fields: those of the node itself and of its pods.
 */

import { nodeOf } from "../../authz/node.ts";
import { node as nodeKind } from "@knarr/kinds/core/node.ts";
import { pod as podKind } from "@knarr/kinds/core/pod.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import { quote } from "@knarr/machinery/quote.ts";
import { notFound, type ApiError } from "@knarr/machinery/status.ts";
import type { AdmissionRequest } from "../../request.ts";
import type { AdmissionPlugin, World } from "../plugin.ts";
import { refused } from "../refuse.ts";
import { apiObjectReferredBy } from "../pod-references.ts";
import { forbiddenNodeLabels } from "../node-labels.ts";

const MIRROR = "kubernetes.io/config.mirror";
const LEASE_NAMESPACE = "kube-node-lease";

interface Case {
  readonly node: string;
  readonly object: any;
  readonly request: AdmissionRequest;
  readonly world: World;
  refuse(why: string): ApiError;
}

/** By `plural.group`, then what is left to check. */
const checks: Readonly<Record<string, (one: Case) => void>> = {
  pods: checkPods,
  nodes: checkNodes,
  serviceaccounts: checkToken,
  "leases.coordination.k8s.io": checkLease,
  "csinodes.storage.k8s.io": checkOwnName,
};

export const nodeRestriction: AdmissionPlugin = {
  name: "NodeRestriction",
  handles: ["CREATE", "UPDATE", "DELETE"],

  mutate(object, request, world) {
    const node = nodeOf(request.user);
    if (node === undefined) return;
    const refuse = (why: string): ApiError => refused(request, object, why);
    if (node === "") throw refuse(`could not determine node from user ${quote(request.user.name)}`);
    const { group, plural } = request.resource;
    checks[group ? `${plural}.${group}` : plural]?.({ node, object, request, world, refuse });
  },
};

function checkPods(one: Case): void {
  const { node, request, refuse } = one;
  const { operation, subresource } = request;
  if (subresource === "status") return checkPodStatus(one);
  if (subresource === "eviction") {
    if (podIn(one).spec?.nodeName !== node)
      throw refuse(`node ${node} can only evict pods with spec.nodeName set to itself`);
    return;
  }
  if (subresource !== "")
    throw refuse(
      `unexpected pod subresource ${quote(subresource)}, only 'status' and 'eviction' are allowed`,
    );
  if (operation === "CREATE") return checkMirrorPod(one);
  if (operation !== "DELETE")
    throw refuse(
      `unexpected operation ${quote(operation)}, node ${quote(node)} can only create and delete mirror pods`,
    );
  if (podIn(one).spec?.nodeName !== node)
    throw refuse(`node ${quote(node)} can only delete pods with spec.nodeName set to itself`);
}

function podIn({ request: { namespace, name }, object, world }: Case) {
  const wanted = name || object?.metadata?.name;
  const pod = world.get(podKind, `${namespace}/${wanted}`);
  if (!pod) throw notFound({ group: "", resource: "pods" }, wanted);
  return pod;
}

function checkMirrorPod({ node, object, world, refuse }: Case): void {
  const { metadata, spec } = object;
  const who = `node ${quote(node)}`;
  if (metadata.annotations?.[MIRROR] === undefined)
    throw refuse(`pod does not have ${quote(MIRROR)} annotation, ${who} can only create mirror pods`);
  if (spec.nodeName !== node) throw refuse(`${who} can only create pods with spec.nodeName set to itself`);
  const owners = metadata.ownerReferences ?? [];
  if (owners.length > 1)
    throw refuse(`${who} can only create pods with a single owner reference set to itself`);
  const [owner] = owners;
  if (!owner || owner.apiVersion !== "v1" || owner.kind !== "Node" || owner.name !== node)
    throw refuse(`${who} can only create pods with an owner reference set to itself`);
  if (!owner.controller)
    throw refuse(`${who} can only create pods with a controller owner reference set to itself`);
  if (owner.blockOwnerDeletion) throw refuse(`${who} must not set blockOwnerDeletion on an owner reference`);
  const found = world.get(nodeKind, node);
  if (!found) throw notFound({ group: "", resource: "nodes" }, node);
  if (owner.uid !== found.metadata?.uid)
    throw refuse(`node ${node} UID mismatch: expected ${owner.uid} got ${found.metadata?.uid}`);
  const reference = apiObjectReferredBy(object);
  if (reference) throw refuse(`${who} can not create pods that reference ${reference}`);
}

function checkPodStatus({ node, object, request, refuse }: Case): void {
  const { operation, previous } = request;
  const who = `node ${quote(node)}`;
  if (operation !== "UPDATE") throw refuse(`unexpected operation ${quote(operation)}`);
  if (previous.spec?.nodeName !== node)
    throw refuse(`${who} can only update pod status for pods with spec.nodeName set to itself`);
  if (!semanticEqual(previous.metadata.labels, object.metadata.labels))
    throw refuse(`${who} cannot update labels through pod status`);
  if (!semanticEqual(previous.status?.resourceClaimStatuses, object.status?.resourceClaimStatuses))
    throw refuse(`${who} cannot update resource claim statues`);
  if (
    !semanticEqual(previous.status?.extendedResourceClaimStatus, object.status?.extendedResourceClaimStatus)
  )
    throw refuse(`${who} cannot update extended resource claim status`);
}

function checkNodes(one: Case): void {
  const { node, object, request, refuse } = one;
  const who = `node ${quote(node)}`;
  const name = request.name || object?.metadata?.name || "";
  if (name !== node) throw refuse(`${who} is not allowed to modify node ${quote(name)}`);
  if (request.operation === "CREATE") {
    const labels = forbiddenNodeLabels(object.metadata.labels, undefined);
    if (labels.length > 0)
      throw refuse(`${who} is not allowed to set the following labels: ${labels.join(", ")}`);
  }
  if (request.operation === "UPDATE") checkNodeUpdate(one, who);
}

function checkNodeUpdate({ object, request: { previous }, refuse }: Case, who: string): void {
  if (!semanticEqual(object.spec?.taints, previous.spec?.taints))
    throw refuse(`${who} is not allowed to modify taints`);
  if (!semanticEqual(object.metadata.ownerReferences, previous.metadata.ownerReferences))
    throw refuse(`${who} is not allowed to modify ownerReferences`);
  const labels = forbiddenNodeLabels(object.metadata.labels, previous.metadata.labels);
  if (labels.length > 0) throw refuse(`is not allowed to modify labels: ${labels.join(", ")}`);
}

/** Tokens only for the pods that run here. */
function checkToken({ node, object, request, world, refuse }: Case): void {
  if (request.operation !== "CREATE" || request.subresource !== "token") return;
  const { apiVersion, kind, name, uid } = object.spec?.boundObjectRef ?? {};
  if (apiVersion !== "v1" || kind !== "Pod" || !name) throw refuse("node requested token not bound to a pod");
  if (!uid) throw refuse("node requested token with a pod binding without a uid");
  const pod = world.get(podKind, `${request.namespace}/${name}`);
  if (!pod) throw notFound({ group: "", resource: "pods" }, name);
  if (uid !== pod.metadata?.uid)
    throw refuse(
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  if (pod.spec?.nodeName !== node)
    throw refuse("node requested token bound to a pod scheduled on a different node");
  const audiences: readonly string[] = object.spec?.audiences ?? [];
  if (audiences.length > 1) throw refuse("node may only request 0 or 1 audiences");
  const wanted = audiences[0] ?? "";
  const sources = (pod.spec.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
  const isAsked = sources.some(
    ({ serviceAccountToken: token }) => token && (token.audience ?? "") === wanted,
  );
  if (!isAsked)
    throw refuse(
      `audience ${quote(wanted)} not found in pod spec volume, ${request.user.name} is not authorized to request tokens for this audience`,
    );
}

function checkLease({ node, object, request, refuse }: Case): void {
  const { namespace, name } = request;
  if (namespace !== LEASE_NAMESPACE)
    throw refuse(`can only access leases in the ${quote(LEASE_NAMESPACE)} system namespace`);
  const wanted = name || object?.metadata?.name;
  if (wanted !== node) throw refuse("can only access node lease with the same name as the requesting node");
}

function checkOwnName({ node, object, request, refuse }: Case): void {
  if ((request.name || object?.metadata?.name) !== node)
    throw refuse("can only access CSINode with the same name as the requesting node");
}
