/**
 * Device selectors (`resource.k8s.io`): expressions about `device`, with its driver, attributes and capacities by domain.
 */

import type { Age, CompileError } from "./compile-error.ts";

/** Upstream's features that change what selectors see, as 1.36 has them by default. */
export interface DeviceExpression {
  readonly expression: string;
  readonly error?: CompileError;
  /** What one evaluation costs at worst. */
  readonly maxCost: bigint;
  /** Throws EvaluationError. */
  matches(device: Device): boolean;
}

export interface Device {
  readonly driver: string;
  readonly allowMultipleAllocations?: boolean;
  /** DeviceAttribute by qualified name, as ResourceSlice has them. */
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly capacity?: Readonly<Record<string, { readonly value: string }>>;
}

/** Default age: `stored`. */
export function compileDevice(expression: string, options?: { readonly age?: Age }): DeviceExpression {
  void options;
  throw new Error(`Cannot compile ${JSON.stringify(expression)}: device selectors are not there yet`);
}
