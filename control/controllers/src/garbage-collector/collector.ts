/**
 * What is to happen with one object of the graph: decided here, done by requests.
 *
 * An owner counts as gone only when the server itself says so. Every write names the resourceVersion it was decided on, so that a decision made
 * on an old state fails and is made again.
 */

import type { Api } from "@knarr/client/api.ts";
import type { ServedResource } from "@knarr/client/discovery.ts";
import { keyOf, parseGroupVersion, type ApiObject, type OwnerReference } from "@knarr/machinery/object.ts";
import { unlessGone } from "@knarr/machinery/status.ts";
import { allDone } from "../batches.ts";
import { FOREGROUND, ORPHAN, type GraphNode, type OwnerGraph } from "./graph.ts";

export interface CollectorOptions {
  readonly api: Api;
  readonly graph: OwnerGraph;
  /** The kind a reference means, if the server has it. */
  kindOf(reference: OwnerReference): ServedResource | undefined;
  /** Look at an object again at once. */
  examine(uid: string): void;
  event(object: ApiObject, type: "Normal" | "Warning", reason: string, message: string): void;
}

/** The owner exists, but the watches have not told of it yet, or its kind is not known yet: look again later. */
export class NotYetKnown extends Error {
  override readonly name = "NotYetKnown";
}

/** Owners known to be absent, so that a thousand dependents of one owner ask once. */
const REMEMBERED_ABSENT = 500;

type Standing = "present" | "absent" | "awaits dependents" | "cannot be";

export class Collector {
  readonly #options: CollectorOptions;
  readonly #absent = new Set<string>();

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  /** Deletes the object if all its owners are gone, or drops the references to those that are. */
  async examine(uid: string): Promise<void> {
    const { graph } = this.#options;
    const node = graph.get(uid);
    if (!node) return;
    if (node.awaitsDependents) return this.#awaitDependents(node);
    if (node.isGoing || node.owners.length === 0) return;

    const standings = await Promise.all(node.owners.map((owner) => this.#standingOf(node, owner)));
    const withStanding = (standing: Standing) => node.owners.filter((_owner, i) => standings[i] === standing);
    if (withStanding("cannot be").length > 0) return;
    const absent = withStanding("absent");
    const waiting = withStanding("awaits dependents");
    if (withStanding("present").length > 0) {
      const dropped = new Set([...absent, ...waiting].map((owner) => owner.uid));
      if (dropped.size > 0) await this.#keepOwners(node, (owner) => !dropped.has(owner.uid));
      return;
    }
    await this.#delete(node, { isAwaited: waiting.length > 0 });
  }

  /** Makes all dependents forget the object, then lets it go. */
  async orphan(uid: string): Promise<void> {
    const node = this.#options.graph.get(uid);
    if (!node?.orphansDependents) return;
    const dependents = this.#options.graph.dependents(uid);
    await allDone(dependents.map((each) => this.#keepOwners(each, (owner) => owner.uid !== uid)));
    await this.#dropFinalizer(node, ORPHAN);
  }

  async #awaitDependents(node: GraphNode): Promise<void> {
    const { graph, examine } = this.#options;
    const blockers = graph.blockers(node.uid);
    if (blockers.length === 0) return this.#dropFinalizer(node, FOREGROUND);
    for (const blocker of blockers) if (!blocker.isGoing) examine(blocker.uid);
  }

  async #delete(node: GraphNode, { isAwaited }: { readonly isAwaited: boolean }): Promise<void> {
    const { api, graph } = this.#options;
    const { finalizers = [], uid, resourceVersion } = node.object.metadata;
    const dependents = graph.dependents(node.uid);
    let propagationPolicy: "Background" | "Foreground" | "Orphan" = "Background";
    if (isAwaited && dependents.length > 0) {
      propagationPolicy = "Foreground";
      // A circle of owners that all wait for each other would wait for ever: this one stops holding its owners back.
      if (dependents.some((each) => each.awaitsDependents)) return this.#unblockOwners(node);
    } else if (finalizers.includes(ORPHAN)) propagationPolicy = "Orphan";
    else if (finalizers.includes(FOREGROUND)) propagationPolicy = "Foreground";
    const options = { uid: uid!, resourceVersion: resourceVersion!, propagationPolicy };
    await api.delete(node.resource, keyOf(node.object), options).catch(unlessGone);
  }

  async #unblockOwners(node: GraphNode): Promise<void> {
    const { api } = this.#options;
    const { uid, resourceVersion } = node.object.metadata;
    if (node.owners.some((owner) => owner.blockOwnerDeletion)) {
      const ownerReferences = node.owners.map((owner) => ({ ...owner, blockOwnerDeletion: false }));
      const patch = { metadata: { uid, resourceVersion, ownerReferences } };
      await api.patch(node.resource, keyOf(node.object), patch).catch(unlessGone);
    }
    const options = { uid: uid!, propagationPolicy: "Foreground" } as const;
    await api.delete(node.resource, keyOf(node.object), options).catch(unlessGone);
  }

  async #keepOwners(node: GraphNode, keep: (owner: OwnerReference) => boolean): Promise<void> {
    const { uid, resourceVersion } = node.object.metadata;
    const ownerReferences = node.owners.filter(keep);
    const patch = {
      metadata: { uid, resourceVersion, ownerReferences: ownerReferences.length ? ownerReferences : null },
    };
    await this.#options.api.patch(node.resource, keyOf(node.object), patch).catch(unlessGone);
  }

  async #dropFinalizer(node: GraphNode, finalizer: string): Promise<void> {
    const { uid, resourceVersion, finalizers = [] } = node.object.metadata;
    const patch = {
      metadata: { uid, resourceVersion, finalizers: finalizers.filter((name) => name !== finalizer) },
    };
    await this.#options.api.patch(node.resource, keyOf(node.object), patch).catch(unlessGone);
  }

  async #standingOf(node: GraphNode, reference: OwnerReference): Promise<Standing> {
    const { graph } = this.#options;
    const known = graph.resolve(node, reference);
    if (known) return known.awaitsDependents ? "awaits dependents" : "present";

    const resource = this.#options.kindOf(reference);
    if (!resource) {
      const { apiVersion, kind } = reference;
      throw new NotYetKnown(
        `Cannot look for owner ${reference.name}: the server has no ${kind} in ${apiVersion}`,
      );
    }
    const { namespace } = node.object.metadata;
    if (resource.scope === "Namespaced" && !namespace) {
      this.#warn(node, reference);
      return "cannot be"; // an owner in some namespace of an object in none: nobody can tell which is meant
    }
    const absentKey = `${reference.uid} ${resource.plural}.${resource.group} ${namespace ?? ""} ${reference.name}`;
    if (!this.#absent.has(absentKey)) {
      const key = resource.scope === "Namespaced" ? `${namespace}/${reference.name}` : reference.name;
      const owner = await this.#options.api.get(resource, key).catch(unlessGone);
      if (owner?.metadata.uid === reference.uid) {
        throw new NotYetKnown(`Cannot judge owner ${key}: the watch has not told of it yet`);
      }
      this.#rememberAbsent(absentKey);
    }
    if (graph.get(reference.uid)) this.#warn(node, reference);
    return "absent";
  }

  /** The owner exists, but not where the reference can mean it. */
  #warn(node: GraphNode, { apiVersion, kind, name, uid }: OwnerReference): void {
    const { namespace = "" } = node.object.metadata;
    const { group } = parseGroupVersion(apiVersion);
    const owner = this.#options.graph.get(uid);
    if (owner && (owner.resource.kind !== kind || owner.resource.group !== group)) return;
    const text = `ownerRef [${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}] does not exist in namespace ${JSON.stringify(namespace)}`;
    this.#options.event(node.object, "Warning", "OwnerRefInvalidNamespace", text);
  }

  #rememberAbsent(key: string): void {
    this.#absent.add(key);
    if (this.#absent.size > REMEMBERED_ABSENT) this.#absent.delete(this.#absent.keys().next().value!);
  }
}
