/** One version of one API group: the list that says which kinds it has. */

import type { Resource } from "./resource.ts";

export interface Group {
  readonly group: string;
  readonly version: string;
  /** Served only where the administrator turns it on (`--runtime-config`), as upstream serves no alpha and no beta unasked. */
  readonly isOffByDefault?: true;
  /** Another server may take its place: its APIService is made when there is none, and then is the administrator's. */
  readonly yields?: true;
  /** What is served under `/apis/<group>/<version>/`. */
  readonly resources: readonly Resource<any>[];
  /** Kinds that are seen only as bodies of subresources (Scale, Eviction, TokenRequest): no path of their own, no plural. */
  readonly bodies?: readonly Resource<any>[];
}

export function defineGroup(group: Group): Group {
  return group;
}
