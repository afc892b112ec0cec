/**
 * Device selectors (`resource.k8s.io`): expressions about `device`, with its driver, attributes and capacities by domain.
 *
 *     device.driver == "gpu.example.com" && device.attributes["gpu.example.com"].model == "a100"
 */

import type { Compiled, Environment } from "@knarr/cel/environment.ts";
import { bindings } from "@knarr/cel/libraries/bindings.ts";
import type { Library } from "@knarr/cel/library.ts";
import { EvaluationError, type Program } from "@knarr/cel/program.ts";
import { typeOf } from "@knarr/cel/type-of.ts";
import { BOOL, isExactly, typeText } from "@knarr/cel/types.ts";
import { UNBOUNDED } from "@knarr/cel/estimate.ts";
import type { Age, CompileError } from "./compile-error.ts";
import { includes } from "./device/includes.ts";
import { DEVICE, deviceSizes, deviceTypes } from "./device/types.ts";
import { deviceValue } from "./device/values.ts";
import { kubernetesEnvironment } from "./environment.ts";
import { DEVICE_SELECTOR_LIMIT } from "./limits.ts";
import type { Device } from "./device/values.ts";

export type { Device } from "./device/values.ts";

/** An expression that compiled or did not. */
export interface DeviceExpression {
  readonly expression: string;
  readonly error?: CompileError;
  /** What one evaluation costs at worst; no limit is known when it does not compile. */
  readonly maxCost: bigint;
  /** What is made of a device is remembered as long as the caller has it. Throws EvaluationError. */
  matches(device: Device): boolean;
}

const environments: Readonly<Record<Age, Environment>> = {
  new: environmentWith([bindings]),
  stored: environmentWith([bindings, includes]),
};

function environmentWith(libraries: readonly Library[]): Environment {
  return kubernetesEnvironment.extend({ variables: { device: DEVICE }, types: deviceTypes, libraries });
}

/** Default age: `stored`. `includes` is for attributes that are lists, which nobody can write yet in 1.36. */
export function compileDevice(
  expression: string,
  { age = "stored" }: { readonly age?: Age } = {},
): DeviceExpression {
  const compiled = environments[age].compile(expression);
  if (!compiled.ok) return broken(expression, `compilation failed: ${compiled.message}`);
  const { type } = compiled;
  if (type.kind !== "any" && !isExactly(type, BOOL)) {
    return broken(expression, `must evaluate to bool or the unknown type, not ${typeText(type)}`);
  }
  const program = programOf(compiled);
  if ("detail" in program) return { ...broken(expression, ""), error: program };
  return {
    expression,
    maxCost: compiled.estimate(deviceSizes).max,
    matches: (device) => matches(program, device),
  };
}

function programOf(compiled: Compiled): Program | CompileError {
  try {
    return compiled.program();
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return { kind: "internal", detail: `program instantiation failed: ${error.message}` };
  }
}

const broken = (expression: string, detail: string): DeviceExpression => ({
  expression,
  error: { kind: "invalid", detail },
  maxCost: UNBOUNDED,
  matches() {
    throw new EvaluationError(detail);
  },
});

function matches(program: Program, device: Device): boolean {
  const { value } = program.evaluate({ device: deviceValue(device) }, { budget: DEVICE_SELECTOR_LIMIT });
  if (typeof value === "boolean") return value;
  const type = typeText(typeOf(value));
  throw new EvaluationError(`CEL result of type ${type} could not be converted to bool: ${noBool(type)}`);
}

function noBool(type: string): string {
  if (type === "int") return "unsupported type conversion from 'int' to bool";
  if (type === "string") return "unsupported native conversion from string to 'bool'";
  return `type conversion error from '${type}' to 'bool'`;
}
