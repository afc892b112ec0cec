/** The expressions of one MutatingAdmissionPolicy, and what they make of an object. */

import {
  compileAdmission,
  configurationOf,
  evaluateAdmission,
  patchOf,
  type AdmissionExpression,
  type AdmissionInput,
  type AdmissionOptions,
} from "@knarr/expressions/admission.ts";
import { Budget, RUNTIME_BUDGET } from "@knarr/expressions/limits.ts";
import type { MutatingAdmissionPolicy, Mutation } from "@knarr/kinds/generated/admissionregistration-v1.ts";
import { strictFindings } from "@knarr/machinery/decode/strict.ts";
import type { JsonObject } from "@knarr/machinery/object.ts";
import { copyJson } from "@knarr/machinery/patch/copy.ts";
import { applyJsonPatch } from "@knarr/machinery/patch/json-patch.ts";
import { ApiError, internalError } from "@knarr/machinery/status.ts";
import type { Served } from "../../registry/served.ts";
import { completed } from "../matching/completed.ts";
import { MatchConditions } from "../matching/conditions.ts";
import type { AdmissionMetrics } from "../metrics.ts";
import { applyConfiguration } from "./apply-configuration.ts";
import { composed } from "./validation.ts";

/** Why a mutation did not happen; the failure policy decides. */
export class MutationFailed extends Error {
  override readonly name = "MutationFailed";
}

interface Compiled {
  readonly type: "ApplyConfiguration" | "JSONPatch";
  readonly expression: AdmissionExpression;
}

export class PolicyMutation {
  readonly conditions: MatchConditions;
  readonly #mutations: readonly Compiled[];

  constructor({ metadata, spec = {} }: MutatingAdmissionPolicy, metrics: AdmissionMetrics) {
    const { failurePolicy, paramKind, matchConditions = [], mutations = [] } = spec;
    const hasParams = paramKind !== undefined;
    const variables = composed(spec.variables, { hasParams });
    const of = { hasParams, variables, name: metadata.name!, failurePolicy } as const;
    this.conditions = new MatchConditions(
      matchConditions,
      { ...of, kind: "policy", type: "validate" },
      metrics,
    );
    this.#mutations = mutations.flatMap((one) => compiledMutation(one, { hasParams, variables }));
  }

  get count(): number {
    return this.#mutations.length;
  }

  /**
   * What the object of `input` is after a mutation: a new object, whole and with its defaults; the same one when there is nothing to do.
   * Throws MutationFailed, and InternalError for what could not be read as its kind any more.
   */
  async mutated(index: number, input: AdmissionInput, served: Served): Promise<any> {
    const { type, expression } = this.#mutations[index]!;
    if (expression.error) throw new MutationFailed(expression.error.detail);
    const value = await evaluated(expression, input);
    const object = input.object as JsonObject;
    const next = type === "JSONPatch" ? patched(object, value, served) : configured(object, value, served);
    return next === object ? object : whole(next, served);
  }
}

function compiledMutation(
  { patchType, applyConfiguration: configuration, jsonPatch }: Mutation,
  scope: Pick<AdmissionOptions, "hasParams" | "variables">,
): readonly Compiled[] {
  const options = { ...scope, hasAuthorizer: true } as const;
  const { expression = "" } = (patchType === "JSONPatch" ? jsonPatch : configuration) ?? {};
  if (patchType === "JSONPatch") {
    return [{ type: patchType, expression: compileAdmission(expression, { ...options, wants: "patch" }) }];
  }
  if (patchType !== "ApplyConfiguration") return [];
  return [
    { type: patchType, expression: compileAdmission(expression, { ...options, wants: "configuration" }) },
  ];
}

type Value = Parameters<typeof patchOf>[0];

async function evaluated(expression: AdmissionExpression, input: AdmissionInput): Promise<Value> {
  const [result] = await evaluateAdmission([expression], input, new Budget(RUNTIME_BUDGET));
  if ("value" in result!) return result.value;
  throw new MutationFailed(result!.error);
}

/** A test of the patch that fails leaves the object as it was. */
function patched(object: JsonObject, value: Value, served: Served): JsonObject {
  const patch = patchOf(value);
  if ("error" in patch) throw new MutationFailed(patch.error);
  try {
    const next = applyJsonPatch(object, patch.operations);
    const unknown = served.isCustom ? [] : strictFindings(next, served.expected.schema);
    if (unknown.length > 0) throw new Error(`strict decoding error: ${unknown.join(", ")}`);
    return next;
  } catch (err) {
    const why = err instanceof ApiError ? (err.cause as Error | undefined) : undefined;
    if (!why) throw internalError(err);
    if (why.message.endsWith(": test failed")) return object;
    throw new MutationFailed(`JSON Patch: ${why.message}`);
  }
}

function configured(object: JsonObject, value: Value, { expected: { schema } }: Served): JsonObject {
  const result = configurationOf(value);
  if ("error" in result) throw new MutationFailed(result.error);
  const { apiVersion, kind } = object;
  try {
    const configuration = { ...result.configuration, apiVersion, kind };
    return copyJson(applyConfiguration(object, configuration, schema));
  } catch (err) {
    throw new MutationFailed(`error applying patch: ${(err as Error).message}`);
  }
}

function whole(object: JsonObject, served: Served): any {
  try {
    return completed(object, served);
  } catch (err) {
    throw internalError(err);
  }
}
