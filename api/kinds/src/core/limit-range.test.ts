/** LimitRanges: numbers that must fit together. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { limitRange } from "./limit-range.ts";

test("LimitRange compares the numbers of a resource, whatever it is called", () => {
  const errors = new FieldErrors();
  const limits = [{ type: "Container", max: { hasOwnProperty: "1" }, default: { cpu: "1" } }];
  limitRange.validate!({ metadata: { name: "a" }, spec: { limits } }, errors);
  assert.deepEqual(
    errors.list.filter(({ message }) => message.includes("is greater than")),
    [],
  );
});
