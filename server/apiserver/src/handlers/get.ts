/** GET of one object: the bytes the cache has, without looking into them. */

import { badRequest, notFound } from "@knarr/machinery/status.ts";
import { objectAnswer } from "../negotiation/encode.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import { encodingOf, type Handler } from "./handler.ts";

export const get: Handler = (parts, request, served) => {
  const encoding = encodingOf(parts, request);
  checkVersion(request);
  const key = served.keyOf(request.namespace, request.name);
  const item = served.cache.get(key);
  if (!item) {
    served.cache.checkReadable(key);
    throw notFound(served.groupResource, request.name);
  }
  const shown = served.inVersion(item);
  if (shown instanceof Promise)
    return shown.then((late) => objectAnswer(200, served, late.object, late, encoding));
  return objectAnswer(200, served, shown.object, shown, encoding);
};

/** The cache is always current, so any version of the past will do; but it must be one. */
function checkVersion({ query }: ApiRequest): void {
  if (query.size === 0) return;
  const wanted = query.get("resourceVersion");
  if (wanted && !/^\d+$/.test(wanted))
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(wanted)}: strconv.ParseUint: parsing ${JSON.stringify(wanted)}: invalid syntax`,
    );
}
