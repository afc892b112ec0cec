/** Names that upstream keeps for configurations which come with the server itself. */

import type { ApiObject } from "@knarr/machinery/object.ts";
import { quote } from "@knarr/machinery/quote.ts";

const RESERVED = ".static.k8s.io";

/** Upstream warns on update, and on create too as long as such configurations are an alpha feature. */
export function reservedNameWarnings({ metadata }: Pick<ApiObject, "metadata">): readonly string[] {
  if (!metadata.name?.endsWith(RESERVED)) return [];
  return [
    `metadata.name: names ending with ${quote(RESERVED)} are reserved for static manifest-based configurations and cannot be managed via the API`,
  ];
}
