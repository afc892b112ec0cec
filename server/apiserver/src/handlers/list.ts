/** LIST: a page of what is selected, its items' bytes joined. */

import { listAnswer } from "../negotiation/encode.ts";
import { encodingOf, type Handler } from "./handler.ts";
import { listOptionsOf } from "./options.ts";
import { selectedBy } from "./selection.ts";

export const list: Handler = async (parts, request, served) => {
  const encoding = encodingOf(parts, request);
  const options = listOptionsOf(request.query);
  const selected = selectedBy(request, served, options);
  const { limit, continue: next, resourceVersion, resourceVersionMatch } = options;
  const page = await served.list({
    ...selected,
    ...(limit > 0 && { limit }),
    ...(next && { continue: next }),
    ...(resourceVersion && { resourceVersion }),
    ...(resourceVersionMatch && { resourceVersionMatch }),
  });
  return listAnswer(served, page, encoding);
};
