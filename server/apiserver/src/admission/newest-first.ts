/** Which of several defaults is the default: the newest, and of equally new ones the first by name. */

import type { ApiObject } from "@knarr/machinery/object.ts";

export function newestFirst({ metadata: a }: ApiObject, { metadata: b }: ApiObject): number {
  const age = Date.parse(b.creationTimestamp ?? "") - Date.parse(a.creationTimestamp ?? "");
  return age || (a.name! < b.name! ? -1 : 1);
}
