/** Who sends a body is written down in it as in any object, though it is not kept: admission sees it so, and some bodies are answered. */

import type { ExpectedKind } from "@knarr/machinery/decode/decode.ts";
import { groupVersion, type ApiObject } from "@knarr/machinery/object.ts";
import { trackUpdate } from "@knarr/machinery/patch/track-update.ts";
import { managerOfWrite, nowText, type Write } from "./write.ts";

export function trackBody(write: Write, body: ApiObject, kind: ExpectedKind): void {
  trackUpdate({
    live: undefined,
    object: body,
    manager: managerOfWrite(write),
    subresource: write.subresource,
    apiVersion: groupVersion(kind),
    time: nowText(write.parts),
    schema: kind.schema,
  });
}
