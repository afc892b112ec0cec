/** What status endpoints of many kinds do alike. */

import type { ApiObject } from "@knarr/machinery/object.ts";

/** For those that may not touch metadata either; who wrote which field of the status is kept. */
export function keepMetadata(object: ApiObject, previous: ApiObject): void {
  const { managedFields } = object.metadata;
  object.metadata = { ...previous.metadata, ...(managedFields && { managedFields }) };
}
