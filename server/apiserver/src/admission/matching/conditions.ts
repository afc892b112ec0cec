/** Match conditions: expressions that must all be true for a webhook or policy to be asked. */

import {
  compileAdmission,
  matchConditions,
  type AdmissionInput,
  type Composition,
  type MatchCondition,
} from "@knarr/expressions/admission.ts";
import type { AdmissionRequest } from "../../request.ts";
import type { AdmissionMetrics } from "../metrics.ts";

export interface ConditionsOf {
  /** Of the webhook or policy. */
  readonly name: string;
  readonly kind: "webhook" | "policy";
  readonly type: "admit" | "validate";
  readonly failurePolicy: string | undefined;
  readonly hasParams?: boolean;
  readonly variables?: Composition;
}

/** Refused because nobody can say whether the request is meant. */
export class ConditionsFailed extends Error {
  override readonly name = "ConditionsFailed";
}

export class MatchConditions {
  readonly #of: ConditionsOf;
  readonly #conditions: readonly MatchCondition[];
  readonly #metrics: AdmissionMetrics;

  constructor(
    conditions: readonly { readonly name: string; readonly expression: string }[],
    of: ConditionsOf,
    metrics: AdmissionMetrics,
  ) {
    const { hasParams = false, variables } = of;
    const options = {
      wants: "bool",
      hasParams,
      hasAuthorizer: true,
      ...(variables && { variables }),
    } as const;
    this.#of = of;
    this.#metrics = metrics;
    this.#conditions = conditions.map(({ name, expression }) => ({
      name,
      expression: compileAdmission(expression, options),
    }));
  }

  get isEmpty(): boolean {
    return this.#conditions.length === 0;
  }

  /** A condition that cannot be evaluated counts as false under the failure policy Ignore. Throws ConditionsFailed under Fail. */
  async hold(input: AdmissionInput, { operation }: AdmissionRequest): Promise<boolean> {
    const { name, kind, type, failurePolicy } = this.#of;
    const labels = [name, kind, type, operation];
    const started = performance.now();
    const result = await matchConditions(this.#conditions, input);
    this.#metrics.conditionSeconds.observe(labels, (performance.now() - started) / 1000);
    if (result.matches) return true;
    if (result.matches === undefined) {
      this.#metrics.conditionErrors.add(labels);
      if (failurePolicy !== "Ignore") throw new ConditionsFailed(result.error);
    }
    this.#metrics.conditionExclusions.add(labels);
    return false;
  }
}
