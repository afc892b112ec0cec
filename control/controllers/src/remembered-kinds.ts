/** The kinds that references name, looked up at the server once. */

import { parseGroupVersion } from "@knarr/machinery/object.ts";
import type { Discovered, ServedResource } from "@knarr/client/discovery.ts";

/** As owner references and scale targets name a kind. The version does not count: a kind is used in the version its group prefers. */
export interface KindReference {
  readonly apiVersion?: string;
  readonly kind: string;
}

/** Finds the kind that a reference means; undefined when the server has no such kind. */
export type KindOf = (reference: KindReference, signal: AbortSignal) => Promise<ServedResource | undefined>;

/** Remembers kinds, and asks for all of them when there is one it does not know. */
export function rememberKinds(discover: (signal: AbortSignal) => Promise<Discovered>): KindOf {
  const known = new Map<string, ServedResource>();
  return async ({ apiVersion = "", kind }, signal) => {
    const name = `${kind}.${parseGroupVersion(apiVersion).group}`;
    if (!known.has(name)) {
      const { resources } = await discover(signal);
      for (const one of resources) known.set(`${one.kind}.${one.group}`, one);
    }
    return known.get(name);
  };
}
