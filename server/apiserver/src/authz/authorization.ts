/**
 * May they? Authorizers are asked in turn; the first with an opinion decides, and nobody's opinion is no. Members of
 * `system:masters` may do everything, whatever the policy says: the way back in when it is broken.
 */

import { forbidden, type ApiError } from "@knarr/machinery/status.ts";
import { quote } from "@knarr/machinery/quote.ts";
import { MASTERS } from "../authn/authentication.ts";
import type { Attributes, Authorizer, Decision, Rules, User } from "../request.ts";

export class Authorization implements Authorizer {
  readonly name = "union";
  readonly #authorizers: readonly Authorizer[];

  constructor(authorizers: readonly Authorizer[]) {
    this.#authorizers = authorizers;
  }

  async authorize(attributes: Attributes): Promise<Decision> {
    if (attributes.user.groups.includes(MASTERS)) return ALLOWED;
    const reasons: string[] = [];
    const errors: string[] = [];
    for (const authorizer of this.#authorizers) {
      const answer = authorizer.authorize(attributes);
      const decision = answer instanceof Promise ? await answer : answer;
      if (decision.allowed) return decision;
      if (decision.reason) reasons.push(decision.reason);
      if (decision.error) errors.push(decision.error);
      if (decision.denied) return { ...decision, reason: reasons.join("\n") };
    }
    return {
      allowed: false,
      reason: reasons.join("\n"),
      ...(errors.length > 0 && { error: errors.join(", ") }),
    };
  }

  /** Throws ApiError Forbidden, in upstream's words, unless it is allowed. */
  async require(attributes: Attributes): Promise<void> {
    const decision = await this.authorize(attributes);
    if (!decision.allowed) throw forbiddenError(attributes, decision.reason);
  }

  async rulesFor(user: User, namespace: string): Promise<Rules> {
    const found: Rules[] = [];
    if (user.groups.includes(MASTERS)) found.push(EVERYTHING);
    for (const authorizer of this.#authorizers) {
      if (authorizer.rulesFor) found.push(await authorizer.rulesFor(user, namespace));
    }
    const problems = found.map(({ evaluationError }) => evaluationError).filter((text) => text !== undefined);
    return {
      resourceRules: found.flatMap(({ resourceRules }) => resourceRules),
      nonResourceRules: found.flatMap(({ nonResourceRules }) => nonResourceRules),
      incomplete: found.some(({ incomplete }) => incomplete),
      ...(problems.length > 0 && { evaluationError: problems.join(", ") }),
    };
  }
}

const ALLOWED: Decision = Object.freeze({ allowed: true, reason: "" });

const EVERYTHING: Rules = {
  resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }],
  nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
  incomplete: false,
};

/** `pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"` */
export function forbiddenError(attributes: Attributes, reason = ""): ApiError {
  const { group, resource, name, isResource } = attributes;
  const why = reason ? `${sentence(attributes)}: ${reason}` : sentence(attributes);
  return forbidden(
    isResource ? { group, resource } : { group: "", resource: "" },
    isResource ? name : "",
    why,
  );
}

function sentence(attributes: Attributes): string {
  const { user, verb, isResource, path, group, resource, subresource, namespace } = attributes;
  const who = `User ${quote(user.name)} cannot ${verb}`;
  if (!isResource) return `${who} path ${quote(path)}`;
  const what = `resource ${quote(subresource ? `${resource}/${subresource}` : resource)} in API group ${quote(group)}`;
  return namespace
    ? `${who} ${what} in the namespace ${quote(namespace)}`
    : `${who} ${what} at the cluster scope`;
}
