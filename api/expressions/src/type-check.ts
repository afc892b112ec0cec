/**
 * Checking the expressions of a policy against the kinds that it names: what would fail, or never be true, for objects of them.
 * Nothing follows from it but a warning; policies are evaluated without types.
 */

import type { Environment, EnvironmentParts } from "@knarr/cel/environment.ts";
import { DYN, type CelType } from "@knarr/cel/types.ts";
import { NAMESPACE, REQUEST, requestTypes } from "./admission/request-types.ts";
import { VARIABLES, VariableTypes } from "./admission/variables.ts";
import { kubernetesEnvironment } from "./environment.ts";
import { AUTHORIZER } from "./libraries/kubernetes-types.ts";
import type { RuleSchema } from "./rule-schema.ts";
import { RuleTypes, ruleTypeOf } from "./rule-types.ts";

export { ruleSchemaOf } from "./rule-schema-of.ts";
export type { RuleSchema } from "./rule-schema.ts";

export interface CheckedKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Of whole objects, with all of their metadata. */
  readonly schema: RuleSchema;
}

export interface CheckedPolicy {
  readonly validations?: readonly { readonly expression?: string; readonly messageExpression?: string }[];
  readonly variables?: readonly { readonly name: string; readonly expression: string }[];
}

export interface CheckedAgainst {
  readonly kinds: readonly CheckedKind[];
  /** Of `params`; "unknown": there are some. */
  readonly params?: CheckedKind | "unknown" | undefined;
}

export interface ExpressionWarning {
  readonly fieldRef: string;
  readonly warning: string;
}

/** In the order of the expressions; each warning names the kinds, with what the checker says. */
export function typeCheck(
  { validations = [], variables = [] }: CheckedPolicy,
  { kinds, params }: CheckedAgainst,
): ExpressionWarning[] {
  const checkers = kinds.map((kind) => new Checker(kind, params, variables));
  const warnings: ExpressionWarning[] = [];
  const check = (fieldRef: string, expression: string): void => {
    const found = checkers.map((checker) => checker.problem(expression)).filter((problem) => problem !== "");
    if (found.length > 0) warnings.push({ fieldRef, warning: found.join("\n") });
  };
  validations.forEach(({ expression = "", messageExpression = "" }, index) => {
    check(`spec.validations[${index}].expression`, expression);
    if (messageExpression !== "") check(`spec.validations[${index}].messageExpression`, messageExpression);
  });
  return warnings;
}

class Checker {
  readonly #kind: CheckedKind;
  readonly #environment: Environment;

  constructor(
    kind: CheckedKind,
    params: CheckedAgainst["params"],
    variables: CheckedPolicy["variables"] = [],
  ) {
    this.#kind = kind;
    const types = new VariableTypes();
    this.#environment = environmentFor(kind, params).extend({ variables: { variables: VARIABLES }, types });
    for (const { name, expression } of variables) {
      const compiled = this.#environment.compile(expression);
      types.set(name, compiled.ok ? compiled.type : undefined);
    }
  }

  /** Empty when there is none. */
  problem(expression: string): string {
    const compiled = this.#environment.compile(expression);
    const { group, version, kind } = this.#kind;
    return compiled.ok ? "" : `${group}/${version}, Kind=${kind}: ${compiled.message}\n`;
  }
}

/** As upstream, without `authorizer.requestResource`. */
function environmentFor(kind: CheckedKind, params: CheckedAgainst["params"]): Environment {
  const object = partsOf(kind, ["object", "oldObject"]);
  const parameters = params && partsOf(params, ["params"]);
  const variables = { namespaceObject: NAMESPACE, request: REQUEST, authorizer: AUTHORIZER };
  const environment = kubernetesEnvironment.extend({ variables, types: requestTypes }).extend(object);
  return parameters ? environment.extend(parameters) : environment;
}

function partsOf(kind: CheckedKind | "unknown", names: readonly string[]): EnvironmentParts {
  const type = kind === "unknown" ? undefined : ruleTypeOf(kind.schema, { isResourceRoot: true });
  const types = type && new RuleTypes(type, (kind as CheckedKind).kind);
  const variables = Object.fromEntries(names.map((name): [string, CelType] => [name, types?.type ?? DYN]));
  return { variables, ...(types && { types }) };
}
