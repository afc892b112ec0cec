/** What a request shows to expressions in CEL, of webhooks and of policies. */

import type { AdmissionInput, AuthorizerInput } from "@knarr/expressions/admission.ts";
import type { AdmissionRequest } from "../../request.ts";
import type { Authorization } from "../../authz/authorization.ts";
import type { Match } from "./equivalents.ts";
import { describeRequest } from "./described-request.ts";

/** `object` and `previous` in the version of `match`. */
export interface Shown {
  readonly match: Match;
  readonly object: unknown;
  readonly previous: unknown;
}

export function expressionInput(
  request: AdmissionRequest,
  { match, object, previous }: Shown,
  authorization: Authorization,
): AdmissionInput {
  return {
    object: object ?? null,
    oldObject: previous ?? null,
    request: describeRequest(request, match),
    authorizer: authorizers.getOrInsertComputed(request, () => authorizerFor(request, authorization)),
  };
}

/** Expressions about one request share what has been found out for it. */
const authorizers = new WeakMap<AdmissionRequest, AuthorizerInput>();

function authorizerFor(
  { user, resource, subresource, namespace, name }: AdmissionRequest,
  authorization: Authorization,
): AuthorizerInput {
  return {
    user,
    request: { group: resource.group, resource: resource.plural, subresource, namespace, name },
    authorize: (attributes) => authorization.authorize(attributes),
  };
}
