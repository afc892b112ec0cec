/** What expressions of mutations came to, as plain JSON. */

import { plainJson } from "@knarr/cel/plain.ts";
import { Failure, ListValue, type CelValue } from "@knarr/cel/values.ts";
import { ObjectLiteral, OperationLiteral } from "./patch-types.ts";

/** As RFC 6902 has it; nothing of it was looked at. */
export interface PatchOperation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

type Problem = { readonly error: string };

/** Of an expression that was to give a `configuration`. */
export function configurationOf(
  value: CelValue,
): { readonly configuration: Readonly<Record<string, unknown>> } | Problem {
  if (!(value instanceof ObjectLiteral)) {
    return { error: "unsupported return type from ApplyConfiguration expression" };
  }
  const { misnamed } = value;
  if (misnamed.length > 0) return { error: `type mismatch: ${misnamed.join("\n")}` };
  const plain = value.plain();
  if (plain instanceof Failure) return { error: `invalid return type: ${plain.message}` };
  return { configuration: plain as Readonly<Record<string, unknown>> };
}

/** Of an expression that was to give a `patch`. */
export function patchOf(value: CelValue): { readonly operations: readonly PatchOperation[] } | Problem {
  const operations: PatchOperation[] = [];
  for (const element of value instanceof ListValue ? value : []) {
    if (!(element instanceof OperationLiteral)) {
      return { error: "type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch" };
    }
    const operation = operationOf(element);
    if ("error" in operation) return operation;
    operations.push(operation);
  }
  return { operations };
}

function operationOf({ op, path, from, value }: OperationLiteral): PatchOperation | Problem {
  const start = { op, path, ...(from !== "" && { from }) };
  if (value === undefined) return start;
  const misnamed = value instanceof ObjectLiteral ? value.misnamed : [];
  if (misnamed.length > 0) return { error: `type mismatch: ${misnamed.join("\n")}` };
  const plain = plainJson(value);
  if (!(plain instanceof Failure)) return { ...start, value: plain };
  const problem = "JSONPath valueExpression evaluated to a type that could not marshal to JSON";
  return { error: `${problem}: ${plain.message}` };
}
