/**
 * Rules that lie in objects which nobody can read: what they forbid is not known, so what they might be for is refused, as upstream refuses it (its
 * plugins are "not ready" then), and the refusal says which object it is. Whoever deletes that object asks no plugin, so the cluster can be mended.
 *
 * What the server and the program around it write for themselves goes on, or they could not start; and so do questions that store nothing and that everything waits for.
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import type { Caches, ResourceCache } from "../cache/cache.ts";
import type { AdmissionRequest } from "../request.ts";
import { refused } from "./refuse.ts";

/** What the server does by itself, it does as this user. */
export const SERVER_NAME = "system:apiserver";
/** The same for the program that it is part of. */
export const PROGRAM_NAME = "system:knarr";

export class ReadableRules {
  readonly #caches: readonly ResourceCache<any>[];

  /** `kinds` of objects that are rules; of namespaced ones only those in the request's namespace matter. */
  constructor(caches: Caches, kinds: readonly Resource<any>[]) {
    this.#caches = kinds.map((kind) => caches.of(kind));
  }

  /** Throws Forbidden. */
  check(request: AdmissionRequest, object?: ApiObject): void {
    for (const cache of this.#caches) {
      const key = this.#unreadable(cache, request);
      if (key === undefined || isSpared(request)) continue;
      throw refused(
        request,
        object,
        `not yet ready to handle request: the ${cache.resource.kind} "${key}" cannot be read in the store, so what it forbids is not known. Delete it with ignoreStoreReadErrorWithClusterBreakingPotential, and make it anew`,
      );
    }
  }

  #unreadable(cache: ResourceCache<any>, { namespace }: AdmissionRequest): string | undefined {
    return cache.unreadableKeys(cache.resource.scope === "Namespaced" ? namespace : "")[0];
  }
}

const OWN: ReadonlySet<string> = new Set([SERVER_NAME, PROGRAM_NAME]);
const REVIEWS: ReadonlySet<string> = new Set(["authentication.k8s.io", "authorization.k8s.io"]);

function isSpared({ user, resource: { group } }: AdmissionRequest): boolean {
  return OWN.has(user.name) || REVIEWS.has(group);
}
