/**
 * DELETE of what nobody can read (KEP-3926), for those who may `unsafe-delete-ignore-read-errors` it: without preconditions, finalizers and admission, for
 * all of these would have to look at it.
 */

import { forbidden } from "@knarr/machinery/status.ts";
import { quote } from "@knarr/machinery/quote.ts";
import { successAnswer, type WholeAnswer } from "../pipeline/answer.ts";
import { withVerb } from "../request.ts";
import type { Write } from "../writes/write.ts";
import { checkUnseenDelete, type DeleteOptions } from "./delete-options.ts";

const VERB = "unsafe-delete-ignore-read-errors";

export async function discardUnreadable(write: Write, options: DeleteOptions): Promise<WholeAnswer> {
  const { parts, request, served } = write;
  checkUnseenDelete(options);
  request.annotate("apiserver.k8s.io/unsafe-delete-ignore-read-error", "");
  const { namespace, name } = request;
  const decision = await parts.authorization.authorize(withVerb(request, VERB));
  if (!decision.allowed)
    throw forbidden(
      served.groupResource,
      name,
      `not permitted to do ${quote(VERB)}, reason: ${decision.reason}`,
    );
  await served.cache.discard(served.keyOf(namespace, name));
  return successAnswer(200, { name, kind: served.resource.kind });
}
