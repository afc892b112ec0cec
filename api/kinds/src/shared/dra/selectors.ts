/** Expressions that pick devices. */

import { reportCompileError, type Age } from "@knarr/expressions/compile-error.ts";
import { compileDevice } from "@knarr/expressions/device.ts";
import { DEVICE_SELECTOR_LIMIT } from "@knarr/expressions/limits.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";

import type { DeviceSelector } from "../../../generated/resource-v1.ts";
import { checkList } from "./lists.ts";

const MAX_SELECTORS = 32;
const MAX_EXPRESSION_BYTES = 10 * 1024;

export function validateSelectors(
  selectors: readonly DeviceSelector[] | undefined,
  errors: FieldErrors,
  age: Age = "new",
): void {
  checkList(selectors, errors, {
    max: MAX_SELECTORS,
    check: (selector, at) => validateSelector(selector, at.at("cel"), age),
  });
}

function validateSelector({ cel }: DeviceSelector, errors: FieldErrors, age: Age): void {
  if (!cel) return errors.required();
  const at = errors.at("expression");
  const { expression = "" } = cel;
  if (Buffer.byteLength(expression) > MAX_EXPRESSION_BYTES) return at.tooLong(MAX_EXPRESSION_BYTES);
  const { error, maxCost } = compileDevice(expression, { age });
  if (error) reportCompileError(error, expression, at);
  else if (maxCost > DEVICE_SELECTOR_LIMIT) at.forbidden("too complex, exceeds cost limit");
}
