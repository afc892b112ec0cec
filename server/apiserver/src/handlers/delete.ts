/** DELETE of one object. The answer is the object while it stays, and a Status (or the object, for some kinds) when it is gone. */

import type { ApiObject } from "@knarr/machinery/object.ts";
import { successAnswer, type WholeAnswer } from "../pipeline/answer.ts";
import { objectAnswer, type Encoding } from "../negotiation/encode.ts";
import type { Served } from "../registry/served.ts";
import { deleteObject, type Deleted } from "../writes/delete-object.ts";
import { writeOf } from "../writes/write.ts";
import { deleteOptionsOf } from "./delete-options.ts";
import { discardUnreadable } from "./discard-unreadable.ts";
import { encodingOf, type Handler } from "./handler.ts";

export const remove: Handler = async (parts, request, served) => {
  const encoding = encodingOf(parts, request);
  const options = await deleteOptionsOf(request, served);
  const write = writeOf(parts, request, served, {
    dryRun: options.dryRun,
    fieldManager: "",
    fieldValidation: "Ignore",
    force: false,
  });
  if (options.ignoresReadError && served.cache.isUnreadable(served.keyOf(request.namespace, request.name)))
    return discardUnreadable(write, options);
  const deleted = await deleteObject(write, options);
  const code = !deleted.gone && options.orphanDependents === false ? 202 : 200;
  return deletedAnswer(code, served, deleted, encoding);
};

function deletedAnswer(code: number, served: Served, deleted: Deleted, encoding: Encoding): WholeAnswer {
  const { gone, pending, object, item } = deleted;
  if ((gone || pending) && !served.resource.returnsDeleted)
    return successAnswer(code, deletedDetails(served, object));
  return objectAnswer(code, served, object, item, encoding);
}

function deletedDetails({ groupResource }: Served, { metadata }: ApiObject): object {
  const { group, resource } = groupResource;
  return { name: metadata.name, ...(group && { group }), kind: resource, uid: metadata.uid };
}
