/** POST of a question: decoded and checked like any object, answered, and forgotten. */

import type { Clock } from "@knarr/std/clock.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { ApiError, invalid } from "@knarr/machinery/status.ts";
import type { Access } from "../access.ts";
import { written } from "../negotiation/encode.ts";
import { notAcceptableHere } from "../negotiation/accept.ts";
import type { Review } from "../reviews/reviews.ts";
import type { Served } from "../registry/served.ts";
import { admissionRequest } from "../writes/admission-request.ts";
import { trackBody } from "../writes/track-body.ts";
import { decode, placeInNamespace, writeOf } from "../writes/write.ts";
import { encodingOf, type Handler } from "./handler.ts";
import { writeOptionsOf } from "./options.ts";

export function reviewHandler(review: Review, access: Access, clock: Clock): Handler {
  const { authentication, authorization: authorizer, audiences } = access;
  return async (parts, request, served) => {
    const { output } = encodingOf(parts, request);
    if (output.as !== "object") throw notAcceptableHere();
    const options = writeOptionsOf(request.query, "CreateOptions");
    const body = await decode(request, served.expected, options);
    placeInNamespace(body, served.namespaced ? request.namespace : "");
    served.resource.defaults?.(body);
    const write = { ...writeOf(parts, request, served, options), name: body.metadata?.name ?? "" };
    trackBody(write, body, served.expected);
    const admission = admissionRequest(write, "CREATE");
    await parts.admission.mutate(body, admission);
    const errors = new FieldErrors();
    served.resource.validate?.(body, errors);
    if (errors.list.length > 0) throw refusalOf(served, body.metadata?.name ?? "", errors);
    await parts.admission.validate(body, admission);
    const { user, namespace } = request;
    const answer = await review(body, {
      user,
      namespace,
      authentication,
      authorizer,
      audiences,
      now: () => clock.now(),
    });
    return written(201, answer, output);
  };
}

/** Upstream names no kind for what is wrong with access reviews. */
function refusalOf({ resource }: Served, name: string, { list }: FieldErrors): ApiError {
  const err = invalid(resource, name, list);
  if (resource.group !== "authorization.k8s.io") return err;
  const { kind: _, ...details } = err.details ?? {};
  return new ApiError(err.reason, err.message.slice(resource.kind.length), details);
}
