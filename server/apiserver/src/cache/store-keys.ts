/**
 * Where the store keeps what: upstream's layout, which a kind's `storagePath` says, below `/registry/`.
 *
 *     /registry/pods/default/a   /registry/services/specs/default/a   /registry/example.io/boats/default/a
 */

import { resources } from "@knarr/kinds/kinds.ts";
import { storagePath, type Resource } from "@knarr/kinds/resource.ts";

export const ROOT = "/registry/";

/** What servers of one store agree on there, in values that are no objects of the API: what is given out once, and who serves. */
export const RANGES = `${ROOT}ranges/`;
export const MASTER_LEASES = `${ROOT}masterleases/`;
/** Of upstream's servers: where each is reached by the others. */
const PEER_LEASES = `${ROOT}peerserverleases/`;

export function isAgreement(key: string): boolean {
  return [RANGES, MASTER_LEASES, PEER_LEASES].some((prefix) => key.startsWith(prefix));
}

/** What the keys of a kind begin with. */
export function storePrefix(resource: Resource<any>): string {
  return `${ROOT}${storagePath(resource)}/`;
}

/** The prefix of a key: one segment or two, so whoever asks says which prefixes there are. */
export function prefixOf(key: string, isKnown: (prefix: string) => boolean): string {
  const first = key.indexOf("/", ROOT.length) + 1;
  const short = key.slice(0, first);
  return isKnown(short) ? short : key.slice(0, key.indexOf("/", first) + 1);
}

/** Prefixes that were others before stores had upstream's layout (`/registry/core/pods/`), each with what it is now. */
export function movedPrefixes(): (readonly [before: string, now: string])[] {
  return resources
    .filter(({ stored, isComputed }) => !stored && !isComputed)
    .map((resource) => {
      const { group, plural } = resource;
      return [`${ROOT}${group || "core"}/${plural}/`, storePrefix(resource)] as const;
    })
    .filter(([before, now]) => before !== now);
}
