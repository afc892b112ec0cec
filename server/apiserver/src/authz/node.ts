/**
 * What nodes may do: everything about themselves and their pods, and reading what their pods refer to. What a node may write
 * into its own objects is the NodeRestriction admission plugin's business.
 *
 * Reasons are upstream's, and end up in the answer.
 */

import type { PolicyRule } from "@knarr/kinds/generated/rbac-v1.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import type { Attributes, Authorizer, Decision, Rules, User } from "../request.ts";
import { nodeRoles } from "./bootstrap/nodes.ts";
import { ruleOf } from "./bootstrap/rules.ts";
import { podsByReference, reference, type ReferredKind } from "./node-references.ts";
import type { AuthorizationCaches } from "./rbac.ts";
import { rulesAllow } from "./rules.ts";

const PREFIX = "system:node:";
const NODES = "system:nodes";

/** The node that a user is; undefined for others. */
export function nodeOf({ name, groups }: User): string | undefined {
  return name.startsWith(PREFIX) && groups.includes(NODES) ? name.slice(PREFIX.length) : undefined;
}

/** Objects of kinds that lead to a node not through a pod: volumes, attachments, slices. */
export type OtherKind = "persistentvolume" | "volumeattachment" | "resourceslice" | "secret";

/** Whether such an object leads to the node. */
export type OtherRelations = (node: string, kind: OtherKind, namespace: string, name: string) => boolean;

const ALLOWED: Decision = Object.freeze({ allowed: true, reason: "" });
const NO_OPINION: Decision = Object.freeze({ allowed: false, reason: "" });

function no(reason: string): Decision {
  return { allowed: false, reason };
}

export class NodeAuthorizer implements Authorizer {
  readonly name = "Node";
  readonly #caches: AuthorizationCaches;
  readonly #otherRelations: OtherRelations | undefined;
  readonly #rules: readonly PolicyRule[] = nodeRoles["system:node"]!.map(ruleOf);

  constructor(caches: AuthorizationCaches, otherRelations?: OtherRelations) {
    this.#caches = caches;
    this.#otherRelations = otherRelations;
  }

  authorize(attributes: Attributes): Decision {
    const node = nodeOf(attributes.user);
    if (node === undefined) return NO_OPINION;
    if (node === "") return no(`unknown node for user ${JSON.stringify(attributes.user.name)}`);
    const { isResource, group, resource } = attributes;
    const decide = isResource ? this.#deciders[group ? `${resource}.${group}` : resource] : undefined;
    if (decide) return decide(node, attributes);
    return rulesAllow(this.#rules, attributes) ? ALLOWED : NO_OPINION;
  }

  rulesFor(user: User): Rules {
    const isNode = nodeOf(user) !== undefined;
    return {
      resourceRules: [],
      nonResourceRules: [],
      incomplete: isNode,
      ...(isNode && { evaluationError: "node authorizer does not support user rule resolution" }),
    };
  }

  readonly #deciders: Readonly<Record<string, (node: string, attributes: Attributes) => Decision>> = {
    secrets: (node, attributes) => this.#read(node, "secret", attributes),
    configmaps: (node, attributes) => this.#read(node, "configmap", attributes),
    persistentvolumeclaims: (node, attributes) => this.#claim(node, attributes),
    persistentvolumes: (node, attributes) => this.#get(node, "persistentvolume", attributes),
    "resourceclaims.resource.k8s.io": (node, attributes) => this.#get(node, "resourceclaim", attributes),
    "volumeattachments.storage.k8s.io": (node, attributes) => this.#get(node, "volumeattachment", attributes),
    serviceaccounts: (node, attributes) => this.#serviceAccount(node, attributes),
    "leases.coordination.k8s.io": lease,
    "csinodes.storage.k8s.io": csiNode,
    "resourceslices.resource.k8s.io": (node, attributes) => this.#resourceSlice(node, attributes),
    nodes: ownNode,
    pods: (node, attributes) => this.#pod(node, attributes),
    "podcertificaterequests.certificates.k8s.io": () => NO_OPINION,
  };

  #related(node: string, kind: ReferredKind | OtherKind, attributes: Attributes): Decision {
    const { namespace, name } = attributes;
    if (!name) return no("No Object name found");
    const value = reference(node, kind as ReferredKind, namespace, name);
    if (this.#caches.of(pod).by(podsByReference, value).length > 0) return ALLOWED;
    if (this.#otherRelations?.(node, kind as OtherKind, namespace, name)) return ALLOWED;
    return no(`no relationship found between node '${node}' and this object`);
  }

  #get(node: string, kind: ReferredKind | OtherKind, attributes: Attributes): Decision {
    if (attributes.verb !== "get") return no("can only get individual resources of this type");
    if (attributes.subresource) return no("cannot get subresource");
    return this.#related(node, kind, attributes);
  }

  #read(node: string, kind: ReferredKind, attributes: Attributes): Decision {
    if (!isRead(attributes.verb)) return no("can only read resources of this type");
    if (attributes.subresource) return no("cannot read subresource");
    if (!attributes.namespace) return no("can only read namespaced object of this type");
    return this.#related(node, kind, attributes);
  }

  #claim(node: string, attributes: Attributes): Decision {
    if (attributes.subresource !== "status") return this.#get(node, "persistentvolumeclaim", attributes);
    if (!isUpdate(attributes.verb)) return no("can only get/update/patch this type");
    return this.#related(node, "persistentvolumeclaim", attributes);
  }

  #serviceAccount(node: string, attributes: Attributes): Decision {
    const { verb, subresource, name } = attributes;
    if (verb === "get" && !subresource) return this.#read(node, "serviceaccount", attributes);
    if (verb !== "create" || !name) return no("can only create tokens for individual service accounts");
    if (subresource !== "token") return no("can only create token subresource of serviceaccount");
    return this.#related(node, "serviceaccount", attributes);
  }

  #pod(node: string, attributes: Attributes): Decision {
    const { verb, subresource, name } = attributes;
    switch (subresource) {
      case "":
        if (verb === "get") return this.#get(node, "pod", attributes);
        if (verb === "create" || verb === "delete") return ALLOWED;
        if (verb !== "list" && verb !== "watch") return NO_OPINION;
        if (selects(attributes.fieldSelector, "spec.nodeName", node)) return ALLOWED;
        if (name) return this.#related(node, "pod", attributes);
        return no("can only list/watch pods with spec.nodeName field selector");
      case "status":
        return isUpdate(verb) ? ALLOWED : NO_OPINION;
      case "eviction":
        return verb === "create" ? ALLOWED : NO_OPINION;
      default:
        return NO_OPINION;
    }
  }

  #resourceSlice(node: string, attributes: Attributes): Decision {
    if (attributes.subresource) return no("cannot authorize ResourceSlice subresources");
    switch (attributes.verb) {
      case "create":
        return ALLOWED;
      case "get":
      case "update":
      case "patch":
      case "delete":
        return this.#related(node, "resourceslice", attributes);
      case "watch":
      case "list":
      case "deletecollection":
        return selects(attributes.fieldSelector, "spec.nodeName", node)
          ? ALLOWED
          : no("can only list/watch/deletecollection resourceslices with nodeName field selector");
      default:
        return no(
          "only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection",
        );
    }
  }
}

function isRead(verb: string): boolean {
  return verb === "get" || verb === "list" || verb === "watch";
}

function isUpdate(verb: string): boolean {
  return verb === "update" || verb === "patch";
}

const WRITES_OF_ONE = new Set(["get", "create", "update", "patch", "delete"]);

function lease(node: string, { verb, namespace, name }: Attributes): Decision {
  if (!WRITES_OF_ONE.has(verb)) return no("can only get, create, update, patch, or delete a node lease");
  if (namespace !== "kube-node-lease") {
    return no('can only access leases in the "kube-node-lease" system namespace');
  }
  // The name of what is created is in the body, for admission to see.
  if (verb !== "create" && name !== node) {
    return no("can only access node lease with the same name as the requesting node");
  }
  return ALLOWED;
}

function csiNode(node: string, { verb, subresource, name }: Attributes): Decision {
  if (!WRITES_OF_ONE.has(verb)) return no("can only get, create, update, patch, or delete a CSINode");
  if (subresource) return no("cannot authorize CSINode subresources");
  if (verb !== "create" && name !== node) {
    return no("can only access CSINode with the same name as the requesting node");
  }
  return ALLOWED;
}

/** Compares names, not relations: a node must be able to ask for itself before it is there. */
function ownNode(node: string, { verb, subresource, name }: Attributes): Decision {
  if (subresource === "status") return isUpdate(verb) ? ALLOWED : NO_OPINION;
  if (subresource) return NO_OPINION;
  if (verb === "create" || isUpdate(verb)) return ALLOWED;
  if (!isRead(verb)) return NO_OPINION;
  if (name === node) return ALLOWED;
  if (!name) return no(`node '${node}' cannot read all nodes, only its own Node object`);
  return no(`node '${node}' cannot read '${name}', only its own Node object`);
}

/** Whether a field selector, as text, requires `field` to be `value`. */
function selects(selector: string | undefined, field: string, value: string): boolean {
  if (!selector) return false;
  return selector.split(",").some((term) => {
    const [, name, wanted] = /^([^=!]+)==?([^=]*)$/.exec(term) ?? [];
    return name === field && wanted === value;
  });
}
