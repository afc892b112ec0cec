/** DELETE of a collection: each of what is selected as if it were deleted alone. The answer is the list of them, as they were. */

import { isNotFound } from "@knarr/machinery/status.ts";
import { listAnswer } from "../negotiation/encode.ts";
import { deleteObject } from "../writes/delete-object.ts";
import { writeOf } from "../writes/write.ts";
import { deleteOptionsOf } from "./delete-options.ts";
import { encodingOf, type Handler } from "./handler.ts";
import { queryOf } from "./list.ts";

export const deleteCollection: Handler = async (parts, request, served) => {
  const encoding = encodingOf(parts, request);
  const query = queryOf(request, served);
  const options = await deleteOptionsOf(request, served);
  const page = await served.list(query);
  const { dryRun } = options;
  const write = writeOf(parts, request, served, {
    dryRun,
    fieldManager: "",
    fieldValidation: "Ignore",
    force: false,
  });
  const outcomes = await Promise.allSettled(
    page.items.map(({ object: { metadata } }) => {
      const { name = "", namespace = "" } = metadata;
      return deleteObject({ ...write, namespace, name }, options);
    }),
  );
  for (const outcome of outcomes)
    if (outcome.status === "rejected" && !isNotFound(outcome.reason)) throw outcome.reason;
  return listAnswer(served, page, encoding);
};
