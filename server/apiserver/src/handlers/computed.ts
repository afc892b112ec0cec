/** GET and LIST of kinds that are kept nowhere: their objects are made when asked for, so there is no version of them to speak of. */

import type { ApiObject } from "@knarr/machinery/object.ts";
import { methodNotSupported } from "@knarr/machinery/status.ts";
import type { Item } from "../cache/cache.ts";
import { selectionOf } from "../cache/selection.ts";
import { listAnswer, objectAnswer } from "../negotiation/encode.ts";
import { encodingOf, type Handler } from "./handler.ts";
import { listOptionsOf } from "./options.ts";
import { selectedBy } from "./selection.ts";

export const getComputed: Handler = async (parts, request, served) => {
  const encoding = encodingOf(parts, request);
  const object = await served.hooks.computed!.get(request);
  return objectAnswer(200, served, object, undefined, encoding);
};

export const listComputed: Handler = async (parts, request, served) => {
  const encoding = encodingOf(parts, request);
  const selection = selectionOf(served.resource, selectedBy(request, served, listOptionsOf(request.query)));
  const objects = await served.hooks.computed!.list(request);
  const items = objects.filter((object) => selection.matches(object)).map(itemOf);
  return listAnswer(served, { items, resourceVersion: "" }, encoding);
};

export const watchComputed: Handler = (_parts, _request, served) => {
  throw methodNotSupported(served.groupResource, "watch");
};

function itemOf(object: ApiObject): Item {
  const bytes = Buffer.from(JSON.stringify(object));
  return { key: object.metadata.name ?? "", object, bytes, size: bytes.length, revision: 0 };
}
