/** Paths that write a part of an object and none of its metadata: newer kinds' `/status` (KEP-2040), parts of pods. */

import type { ObjectMeta } from "@knarr/machinery/object.ts";

const own = ["labels", "annotations", "finalizers", "ownerReferences"] as const;

/** What users may write of metadata becomes what it was. */
export function keepMetadata(metadata: ObjectMeta, previous: ObjectMeta): void {
  for (const field of own) {
    if (previous[field] === undefined) delete metadata[field];
    else Object.assign(metadata, { [field]: previous[field] });
  }
}
