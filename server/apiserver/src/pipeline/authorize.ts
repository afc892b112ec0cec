/** Asking the authorizers, and refusing. */

import { forbiddenError } from "../authz/forbidden.ts";
import type { ApiRequest } from "./api-request.ts";
import type { Attributes, Authorizer, Decision } from "../request.ts";

/** Throws Forbidden. Answers at once when the authorizers do. */
export function authorizeOrRefuse(authorizer: Authorizer, attributes: Attributes): Promise<void> | void {
  const decision = authorizer.authorize(attributes);
  if (decision instanceof Promise) return decision.then((late) => check(attributes, late));
  return check(attributes, decision);
}

/** The same for a request; what is decided stands in its audit event. */
export function authorizeRequest(authorizer: Authorizer, request: ApiRequest): Promise<void> | void {
  const decision = authorizer.authorize(request);
  if (decision instanceof Promise) return decision.then((late) => checkRequest(request, late));
  return checkRequest(request, decision);
}

function checkRequest(request: ApiRequest, decision: Decision): void {
  if (request.audit) {
    request.annotate("authorization.k8s.io/decision", decision.allowed ? "allow" : "forbid");
    request.annotate("authorization.k8s.io/reason", decision.reason);
  }
  check(request, decision);
}

function check(attributes: Attributes, decision: Decision): void {
  if (!decision.allowed) throw forbiddenError(attributes, decision.reason);
}
