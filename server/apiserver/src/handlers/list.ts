/** LIST: a page of what is selected, its items' bytes joined. */

import type { ListQuery } from "../cache/cache.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import type { Served } from "../registry/served.ts";
import { listAnswer } from "../negotiation/encode.ts";
import { encodingOf, type Handler } from "./handler.ts";
import { listOptionsOf } from "./options.ts";
import { selectedBy } from "./selection.ts";

export const list: Handler = async (parts, request, served) => {
  const encoding = encodingOf(parts, request);
  const page = await served.list(queryOf(request, served));
  return listAnswer(served, page, encoding);
};

/** Which page of what is asked for. */
export function queryOf(request: ApiRequest, served: Served): ListQuery {
  const options = listOptionsOf(request.query);
  const selected = selectedBy(request, served, options);
  const { limit, continue: next, resourceVersion, resourceVersionMatch, skipsUnreadable } = options;
  return {
    ...selected,
    ...(limit > 0 && { limit }),
    ...(next && { continue: next }),
    ...(resourceVersion && { resourceVersion }),
    ...(resourceVersionMatch && { resourceVersionMatch }),
    ...(skipsUnreadable && { skipsUnreadable }),
  };
}
