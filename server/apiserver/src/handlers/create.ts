/** POST of a new object. */

import { objectAnswer } from "../negotiation/encode.ts";
import { createObject } from "../writes/create-object.ts";
import { mergeEqualOwners } from "../writes/metadata-rules.ts";
import { decode, placeInNamespace, writeOf } from "../writes/write.ts";
import { encodingOf, type Handler } from "./handler.ts";
import { writeOptionsOf } from "./options.ts";

export const create: Handler = async (parts, request, served) => {
  const encoding = encodingOf(parts, request);
  await request.body.read(); // what is too large is refused before anything else is said about it
  const options = writeOptionsOf(request.query, "CreateOptions");
  const object = await decode(request, served.expected, { ...options, keepsEmpties: true });
  const { metadata } = object;
  for (const field of SYSTEM_FIELDS) delete metadata[field];
  if (served.resource.plural !== "namespaces" || served.resource.group !== "")
    placeInNamespace(object, request.namespace);
  mergeEqualOwners(metadata, (text) => request.warn(text));
  served.resource.defaults?.(object);
  const write = { ...writeOf(parts, request, served, options), name: metadata.name ?? "" };
  const written = await createObject(write, object);
  return objectAnswer(201, served, written.object, written.item, encoding);
};

/** What only the server says of an object. */
const SYSTEM_FIELDS = [
  "creationTimestamp",
  "uid",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "selfLink",
] as const;
