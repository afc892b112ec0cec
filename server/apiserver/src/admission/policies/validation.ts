/** The expressions of one ValidatingAdmissionPolicy, and what they say about a request. */

import {
  compileAdmission,
  Composition,
  evaluateAdmission,
  OutOfBudget,
  type AdmissionExpression,
  type AdmissionInput,
  type AdmissionOptions,
  type AdmissionResult,
} from "@knarr/expressions/admission.ts";
import { Budget, MAX_MESSAGE_BYTES, RUNTIME_BUDGET } from "@knarr/expressions/limits.ts";
import type {
  AuditAnnotation,
  Validation,
  ValidatingAdmissionPolicy,
  Variable,
} from "@knarr/kinds/generated/admissionregistration-v1.ts";
import type { AdmissionRequest } from "../../request.ts";
import { ConditionsFailed, MatchConditions } from "../matching/conditions.ts";
import type { AdmissionMetrics } from "../metrics.ts";

/** What one validation came to. */
export interface Decision {
  /** Which one of the policy. */
  readonly index: number;
  readonly isAdmitted: boolean;
  /** Undefined when it was true. */
  readonly message?: string;
  readonly reason?: string;
  /** It could not be found out. */
  readonly isError?: boolean;
}

/** What an audit annotation came to: nothing is to be said of what is empty. */
export interface Annotation {
  readonly key: string;
  readonly value?: string;
  readonly error?: string;
}

export interface Judgement {
  readonly decisions: readonly Decision[];
  readonly annotations: readonly Annotation[];
}

interface Compiled {
  readonly validation: Validation;
  readonly expression: AdmissionExpression;
  readonly message: AdmissionExpression | undefined;
}

type Scope = Pick<AdmissionOptions, "hasParams" | "variables">;

export function composed(
  variables: readonly Variable[] = [],
  { hasParams }: { readonly hasParams: boolean },
): Composition {
  const composition = new Composition();
  for (const { name, expression } of variables) {
    composition.add(name, expression, { hasParams, hasAuthorizer: true });
  }
  return composition;
}

export class PolicyValidation {
  readonly #conditions: MatchConditions;
  readonly #validations: readonly Compiled[];
  readonly #annotations: readonly { readonly key: string; readonly expression: AdmissionExpression }[];
  readonly #ignoresFailure: boolean;

  constructor({ metadata, spec = {} }: ValidatingAdmissionPolicy, metrics: AdmissionMetrics) {
    const { failurePolicy, paramKind, matchConditions = [], validations = [], auditAnnotations = [] } = spec;
    const hasParams = paramKind !== undefined;
    const scope: Scope = { hasParams, variables: composed(spec.variables, { hasParams }) };
    const of = { ...scope, name: metadata.name!, kind: "policy", type: "validate", failurePolicy } as const;
    this.#conditions = new MatchConditions(matchConditions, of, metrics);
    this.#validations = validations.map((validation) => compiledValidation(validation, scope));
    this.#annotations = auditAnnotations.map((annotation) => compiledAnnotation(annotation, scope));
    this.#ignoresFailure = failurePolicy === "Ignore";
  }

  /** Undefined when its match conditions leave the request out. */
  async judge(input: AdmissionInput, request: AdmissionRequest): Promise<Judgement | undefined> {
    try {
      if (!this.#conditions.isEmpty && !(await this.#conditions.hold(input, request))) return undefined;
      const decisions = await this.#decide(input);
      return { decisions, annotations: await this.#annotate(input) };
    } catch (err) {
      if (!(err instanceof ConditionsFailed || err instanceof OutOfBudget)) throw err;
      return { decisions: [this.#failed(0, err.message)], annotations: [] };
    }
  }

  #failed(index: number, message: string): Decision {
    return { index, isAdmitted: this.#ignoresFailure, message, isError: true };
  }

  async #decide(input: AdmissionInput): Promise<readonly Decision[]> {
    const budget = new Budget(RUNTIME_BUDGET);
    const expressions = this.#validations.map(({ expression }) => expression);
    const results = await evaluateAdmission(expressions, input, budget);
    const isFalse = (result: AdmissionResult): boolean => "value" in result && result.value !== true;
    // Upstream evaluates messages that nobody will read, too; and refuses what is fine if that costs too much.
    const messages = results.some(isFalse) ? await this.#messages(input, budget) : [];
    return results.map((result, index) => {
      if ("error" in result) return this.#failed(index, result.error);
      if (messages instanceof OutOfBudget) {
        return this.#failed(index, `failed messageExpression: ${messages.message}`);
      }
      if (result.value === true) return { index, isAdmitted: true };
      const { validation } = this.#validations[index]!;
      const { reason = "Invalid" } = validation;
      return { index, isAdmitted: false, message: messages[index] || messageOf(validation), reason };
    });
  }

  /** Of all validations, empty where there is none to use; they do not see the authorizer. */
  async #messages(
    { authorizer: _, ...input }: AdmissionInput,
    budget: Budget,
  ): Promise<readonly string[] | OutOfBudget> {
    const expressions = this.#validations.map(({ message }) => message);
    const present = expressions.filter((message) => message !== undefined);
    try {
      const results = (await evaluateAdmission(present, input, budget)).values();
      return expressions.map((message) => (message ? textOf(results.next().value!) : ""));
    } catch (err) {
      if (err instanceof OutOfBudget) return err;
      throw err;
    }
  }

  async #annotate({ authorizer: _, ...input }: AdmissionInput): Promise<readonly Annotation[]> {
    if (this.#annotations.length === 0) return [];
    const expressions = this.#annotations.map(({ expression }) => expression);
    const results = await evaluateAdmission(expressions, input, new Budget(RUNTIME_BUDGET));
    return results.flatMap((result, index): Annotation[] => {
      const { key } = this.#annotations[index]!;
      if ("error" in result) return this.#ignoresFailure ? [] : [{ key, error: result.error }];
      const value = typeof result.value === "string" ? result.value.trim() : "";
      return value === "" ? [] : [{ key, value }];
    });
  }
}

function compiledValidation(validation: Validation, scope: Scope): Compiled {
  const { expression, messageExpression } = validation;
  return {
    validation,
    expression: compileAdmission(expression, { ...scope, wants: "bool", hasAuthorizer: true }),
    message: messageExpression
      ? compileAdmission(messageExpression, { ...scope, wants: "string" })
      : undefined,
  };
}

function compiledAnnotation({ key, valueExpression }: AuditAnnotation, scope: Scope) {
  const options = { ...scope, wants: "string-or-null", hasAuthorizer: true } as const;
  return { key, expression: compileAdmission(valueExpression, options) };
}

/** A message must fit into one line that is not too long. */
function textOf(result: AdmissionResult): string {
  const text = "value" in result && typeof result.value === "string" ? result.value.trim() : "";
  return Buffer.byteLength(text) > MAX_MESSAGE_BYTES || text.includes("\n") ? "" : text;
}

function messageOf({ message = "", expression }: Validation): string {
  return message.trim() || `failed expression: ${expression.trim()}`;
}
