/** What status endpoints of many kinds do alike, and endpoints of other parts of an object. */

import type { ApiObject } from "@knarr/machinery/object.ts";

const own = ["labels", "annotations", "finalizers", "ownerReferences"] as const;

/** For those that may not touch metadata either (KEP-2040): what users may write of it becomes what it was. */
export function keepMetadata({ metadata }: ApiObject, { metadata: previous }: ApiObject): void {
  for (const field of own) {
    if (previous[field] === undefined) delete metadata[field];
    else Object.assign(metadata, { [field]: previous[field] });
  }
}
