/**
 * May they? Authorizers are asked in turn; the first with an opinion decides, and nobody's opinion is no. Members of
 * `system:masters` may do everything, whatever the policy says: the way back in when it is broken.
 */

import { MASTERS } from "../authn/authentication.ts";
import type { AccessMetrics } from "../metrics/access-metrics.ts";
import type { Attributes, Authorizer, Decision, Rules, User } from "../request.ts";

export class Authorization implements Authorizer {
  readonly name = "union";
  readonly #authorizers: readonly Authorizer[];

  readonly #metrics: AccessMetrics | undefined;

  constructor(authorizers: readonly Authorizer[], metrics?: AccessMetrics) {
    this.#authorizers = authorizers;
    this.#metrics = metrics;
  }

  /** Answers at once as long as the authorizers do. */
  authorize(attributes: Attributes): Decision | Promise<Decision> {
    const started = performance.now();
    const decision = attributes.user.groups.includes(MASTERS) ? ALLOWED : this.#ask(attributes, 0, []);
    if (!this.#metrics) return decision;
    return decision instanceof Promise
      ? decision.then((late) => this.#counted(late, started))
      : this.#counted(decision, started);
  }

  #counted(decision: Decision, started: number): Decision {
    const { allowed, denied } = this.#metrics!;
    (decision.allowed ? allowed : denied).reached(started);
    return decision;
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
