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

  /** Answers at once as long as the authorizers do. */
  authorize(attributes: Attributes): Decision | Promise<Decision> {
    if (attributes.user.groups.includes(MASTERS)) return ALLOWED;
    return this.#ask(attributes, 0, []);
  }

  #ask(attributes: Attributes, from: number, refusals: Refusal[]): Decision | Promise<Decision> {
    for (let i = from; i < this.#authorizers.length; i++) {
      const answer = this.#authorizers[i]!.authorize(attributes);
      if (answer instanceof Promise) {
        return answer.then((decision) =>
          decision.allowed ? decision : this.#after(decision, attributes, i, refusals),
        );
      }
      if (answer.allowed) return answer;
      if (answer.denied) return refused([...refusals, answer]);
      refusals.push(answer);
    }
    return refused(refusals);
  }

  #after(
    decision: Refusal,
    attributes: Attributes,
    index: number,
    refusals: Refusal[],
  ): Decision | Promise<Decision> {
    const all = [...refusals, decision];
    return decision.denied ? refused(all) : this.#ask(attributes, index + 1, all);
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

type Refusal = Extract<Decision, { readonly allowed: false }>;

/** All that was said against it. */
function refused(refusals: readonly Refusal[]): Decision {
  const errors = refusals.map(({ error }) => error).filter((error) => error !== undefined);
  return {
    allowed: false,
    reason: refusals
      .map(({ reason }) => reason)
      .filter((reason) => reason !== "")
      .join("\n"),
    ...(refusals.some(({ denied }) => denied) && { denied: true }),
    ...(errors.length > 0 && { error: errors.join(", ") }),
  };
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
