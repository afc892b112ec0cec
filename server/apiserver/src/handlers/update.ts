/** PUT: the object as a whole, or the part of it that a subresource writes. */

import { badRequest, methodNotSupported } from "@knarr/machinery/status.ts";
import { objectAnswer } from "../negotiation/encode.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import { mergeEqualOwners } from "../writes/metadata-rules.ts";
import { strategyOf } from "../writes/strategy.ts";
import { updateObject } from "../writes/update-object.ts";
import { decode, placeInNamespace, writeOf } from "../writes/write.ts";
import type { Served } from "../registry/served.ts";
import { encodingOf, type Handler } from "./handler.ts";
import { writeOptionsOf, type WriteOptions } from "./options.ts";

export const update: Handler = async (parts, request, served) => {
  const strategy = strategyOf(served, request.subresource);
  if (!strategy) throw methodNotSupported(served.groupResource, "update");
  const encoding = encodingOf(parts, request);
  await request.body.read();
  const options = writeOptionsOf(request.query, "UpdateOptions");
  let sent = await decodeUpdate(request, served, options);
  let isUsed = false;
  const written = await updateObject(writeOf(parts, request, served, options), {
    strategy,
    mayCreate: strategy.createOnUpdate,
    tracked: false,
    uid: sent.metadata.uid,
    async make() {
      if (isUsed) sent = await decodeUpdate(request, served, options); // the last one was changed in the attempt
      isUsed = true;
      return sent;
    },
  });
  return objectAnswer(written.created ? 201 : 200, served, written.object, written.item, encoding);
};

async function decodeUpdate(request: ApiRequest, served: Served, options: WriteOptions): Promise<any> {
  const object = await decode(request, served.expected, { ...options, keepsEmpties: true });
  checkIdentity(object, request, served);
  mergeEqualOwners(object.metadata, (text) => request.warn(text));
  served.resource.defaults?.(object);
  return object;
}

/** The object must be the one of the path. */
export function checkIdentity(object: any, request: ApiRequest, served: Served): void {
  const isNamespace = served.resource.plural === "namespaces" && served.resource.group === "";
  placeInNamespace(object, isNamespace ? "" : request.namespace);
  const given: string = object.metadata.name ?? "";
  if (given === "")
    throw badRequest(
      `the name of the object (${request.name} based on URL) was undeterminable: name must be provided`,
    );
  if (given !== request.name)
    throw badRequest(
      `the name of the object (${given}) does not match the name on the URL (${request.name})`,
    );
}
