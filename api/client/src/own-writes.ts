/**
 * Read-your-writes for controllers: which writes a reconcile made, and whether the caches have them.
 *
 * A write is seen when the informer of its kind has reached the resourceVersion the server answered with, or, for a delete that
 * took effect at once, when the object is gone from it. Kinds nobody watches are not waited for.
 */

import type { Resource, Verb } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import type { Informer } from "./informer.ts";
import type { Informers } from "./informers.ts";

export class OwnWrites {
  readonly #informers: Informers;
  readonly #pending: { informer: Informer<any>; key: string; resourceVersion?: string; uid?: string }[] = [];

  constructor(informers: Informers) {
    this.#informers = informers;
  }

  add(resource: Resource<any>, key: string, answer: unknown): void {
    const informer = this.#informers.find(resource);
    if (!informer || !selectsAll(informer)) return;
    const { kind, metadata, details } = answer as ApiObject & { details?: { uid?: string } };
    if (kind === "Status") {
      const uid = details?.uid ?? informer.get(key)?.metadata.uid;
      if (uid !== undefined) this.#pending.push({ informer, key, uid });
    } else if (kind === resource.kind && metadata?.resourceVersion) {
      this.#pending.push({ informer, key, resourceVersion: metadata.resourceVersion });
    }
  }

  get allSeen(): boolean {
    return this.#pending.every(({ informer, key, resourceVersion, uid }) =>
      resourceVersion !== undefined
        ? informer.hasSeen(resourceVersion)
        : informer.get(key)?.metadata.uid !== uid,
    );
  }

  async whenSeen(): Promise<void> {
    await Promise.all(
      this.#pending.map(({ informer, key, resourceVersion, uid }) =>
        resourceVersion !== undefined ? informer.whenSeen(resourceVersion) : informer.whenGone(key, uid!),
      ),
    );
  }
}

function selectsAll({ selection }: Informer<any>): boolean {
  return !selection.namespace && !selection.labelSelector && !selection.fieldSelector;
}

/** Throws for writes that a controller's declaration does not name. `*.*` in it names every resource. */
export function writeGuard(
  controller: string,
  writes: Readonly<Record<string, readonly Verb[]>>,
): (target: string, verb: Verb) => void {
  return (target, verb) => {
    const subresource = target.includes("/") ? `/${target.slice(target.indexOf("/") + 1)}` : "";
    if (writes[target]?.includes(verb) || writes[`*.*${subresource}`]?.includes(verb)) return;
    throw new Error(`Cannot ${verb} ${target}: declare it in \`writes\` of controller ${controller}`);
  };
}
