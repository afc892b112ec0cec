/** Asking the authorizers, and refusing. */

import { forbiddenError } from "../authz/forbidden.ts";
import type { Attributes, Authorizer, Decision } from "../request.ts";

/** Throws Forbidden. Answers at once when the authorizers do. */
export function authorizeOrRefuse(authorizer: Authorizer, attributes: Attributes): Promise<void> | void {
  const decision = authorizer.authorize(attributes);
  if (decision instanceof Promise) return decision.then((late) => check(attributes, late));
  return check(attributes, decision);
}

function check(attributes: Attributes, decision: Decision): void {
  if (!decision.allowed) throw forbiddenError(attributes, decision.reason);
}
