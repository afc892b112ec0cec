/**
 * Who owns whom, over all kinds, as far as the watches have told.
 *
 * The graph knows nothing of the server: it is fed objects and calls back for those that are to be looked at. An object is looked
 * at when one of its owners is not known, has gone, or waits for its dependents to go; and, if it waits itself, whenever
 * one of them goes or stops holding it.
 */

import type { ServedResource } from "@knarr/client/discovery.ts";
import { parseGroupVersion, type ApiObject, type OwnerReference } from "@knarr/machinery/object.ts";

export const ORPHAN = "orphan";
export const FOREGROUND = "foregroundDeletion";

export interface GraphNode {
  readonly uid: string;
  readonly resource: ServedResource;
  readonly object: ApiObject;
  readonly owners: readonly OwnerReference[];
  /** Deletion was asked for. */
  readonly isGoing: boolean;
  /** It goes when its dependents have gone. */
  readonly awaitsDependents: boolean;
  /** It goes when its dependents no longer refer to it. */
  readonly orphansDependents: boolean;
}

/** What is to be looked at, by uid. */
export interface GraphListener {
  examine(uid: string): void;
  orphan(uid: string): void;
}

export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>();
  /** By the owner's uid, whether or not the owner is known. */
  readonly #dependents = new Map<string, Map<string, GraphNode>>();
  readonly #listener: GraphListener;

  constructor(listener: GraphListener) {
    this.#listener = listener;
  }

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  dependents(uid: string): readonly GraphNode[] {
    return [...(this.#dependents.get(uid)?.values() ?? [])];
  }

  /** Dependents that hold their owner back while it is deleted in the foreground. */
  blockers(uid: string): readonly GraphNode[] {
    return this.dependents(uid).filter((node) => blocks(node, uid));
  }

  put(resource: ServedResource, object: ApiObject): void {
    const node = nodeOf(resource, object);
    const { uid } = node;
    const previous = this.#nodes.get(uid);
    // Of most objects nothing changes that matters here.
    if (previous && sameEdges(previous, node)) {
      this.#replace(node);
      return;
    }
    this.#nodes.set(uid, node);
    for (const { uid: owner } of previous?.owners ?? []) this.#unlink(owner, uid);
    for (const { uid: owner } of node.owners) this.#link(owner, node);
    for (const { uid: owner } of previous?.owners ?? []) {
      if (!blocks(node, owner) && this.#nodes.get(owner)?.awaitsDependents) this.#listener.examine(owner);
    }
    if (node.orphansDependents && !previous?.orphansDependents) this.#listener.orphan(uid);
    if (node.awaitsDependents && !previous?.awaitsDependents) {
      for (const dependent of this.dependents(uid)) this.#listener.examine(dependent.uid);
      this.#listener.examine(uid);
    }
    if (node.owners.some((owner) => this.#isDoubtful(node, owner))) this.#listener.examine(uid);
  }

  remove(uid: string): void {
    const node = this.#nodes.get(uid);
    this.#nodes.delete(uid);
    for (const { uid: owner } of node?.owners ?? []) {
      this.#unlink(owner, uid);
      if (this.#nodes.get(owner)?.awaitsDependents) this.#listener.examine(owner);
    }
    for (const dependent of this.dependents(uid)) this.#listener.examine(dependent.uid);
  }

  /** The owner that a reference means, if it is known and is what the reference says it is. */
  resolve(node: GraphNode, { uid, apiVersion, kind, name }: OwnerReference): GraphNode | undefined {
    const owner = this.#nodes.get(uid);
    if (!owner) return undefined;
    const { metadata } = owner.object;
    const isSame =
      owner.resource.kind === kind &&
      owner.resource.group === parseGroupVersion(apiVersion).group &&
      metadata.name === name &&
      (owner.resource.scope === "Cluster" || metadata.namespace === node.object.metadata.namespace);
    return isSame ? owner : undefined;
  }

  #isDoubtful(node: GraphNode, reference: OwnerReference): boolean {
    const owner = this.resolve(node, reference);
    return !owner || owner.awaitsDependents;
  }

  #replace(node: GraphNode): void {
    this.#nodes.set(node.uid, node);
    for (const { uid: owner } of node.owners) this.#dependents.get(owner)?.set(node.uid, node);
  }

  #link(owner: string, node: GraphNode): void {
    let dependents = this.#dependents.get(owner);
    if (!dependents) this.#dependents.set(owner, (dependents = new Map()));
    dependents.set(node.uid, node);
  }

  #unlink(owner: string, uid: string): void {
    const dependents = this.#dependents.get(owner);
    dependents?.delete(uid);
    if (dependents?.size === 0) this.#dependents.delete(owner);
  }
}

function blocks({ owners }: GraphNode, owner: string): boolean {
  return owners.some(({ uid, blockOwnerDeletion }) => uid === owner && blockOwnerDeletion === true);
}

function nodeOf(resource: ServedResource, object: ApiObject): GraphNode {
  const { uid, ownerReferences, deletionTimestamp, finalizers } = object.metadata;
  const isGoing = deletionTimestamp !== undefined;
  return {
    uid: uid!,
    resource,
    object,
    owners: ownerReferences ?? NONE,
    isGoing,
    awaitsDependents: isGoing && (finalizers?.includes(FOREGROUND) ?? false),
    orphansDependents: isGoing && (finalizers?.includes(ORPHAN) ?? false),
  };
}

const NONE: readonly OwnerReference[] = Object.freeze([]);

function sameEdges(a: GraphNode, b: GraphNode): boolean {
  return (
    a.isGoing === b.isGoing &&
    a.awaitsDependents === b.awaitsDependents &&
    a.orphansDependents === b.orphansDependents &&
    a.owners.length === b.owners.length &&
    a.owners.every((owner, i) => {
      const other = b.owners[i]!;
      return owner.uid === other.uid && owner.blockOwnerDeletion === other.blockOwnerDeletion;
    })
  );
}
