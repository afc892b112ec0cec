/** Expressions that pick devices. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

import type { DeviceSelector } from "../../../generated/resource-v1.ts";
import { checkList } from "./lists.ts";

const MAX_SELECTORS = 32;
const MAX_EXPRESSION_BYTES = 10 * 1024;

export function validateSelectors(
  selectors: readonly DeviceSelector[] | undefined,
  errors: FieldErrors,
): void {
  checkList(selectors, errors, { max: MAX_SELECTORS, check: validateSelector });
}

function validateSelector({ cel }: DeviceSelector, errors: FieldErrors): void {
  const at = errors.at("cel");
  if (!cel) return at.required();
  const { expression = "" } = cel;
  if (Buffer.byteLength(expression) > MAX_EXPRESSION_BYTES) at.at("expression").tooLong(MAX_EXPRESSION_BYTES);
}
