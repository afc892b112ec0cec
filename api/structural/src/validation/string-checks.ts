/** `maxLength`, `minLength`, `pattern`: of these, upstream names the first that fails and no other. And `format`. */

import type { JsonSchemaProps } from "../json-schema-props.ts";
import type { Check } from "./check.ts";
import { type Finding, invalid, tooLong, wrongType } from "./finding.ts";
import { formatRule } from "./formats.ts";
import { patternOf } from "./pattern.ts";

const NO_CHECKS: readonly Check[] = [];

type TextCheck = Check & { holds(value: string): boolean };

export function stringChecks(props: JsonSchemaProps, format: string): readonly Check[] {
  const { maxLength, minLength, pattern } = props;
  if (maxLength == null && minLength == null && !pattern && !format) return NO_CHECKS;
  const checks: TextCheck[] = [];
  if (maxLength != null) checks.push(maxLengthCheck(maxLength));
  if (minLength != null) checks.push(minLengthCheck(minLength));
  if (pattern) checks.push(patternCheck(pattern));
  const rule = format ? formatRule(format) : undefined;
  return [
    ...(checks.length > 1 ? [firstOf(checks)] : checks),
    ...(rule
      ? [{ holds: rule, finding: (value: unknown, path: string) => wrongType(path, format, value as string) }]
      : []),
  ];
}

function firstOf(checks: readonly TextCheck[]): Check {
  return {
    holds: (value: string) => checks.every((check) => check.holds(value)),
    finding: (value, path): Finding =>
      checks.find((check) => !check.holds(value as string))!.finding(value, path),
  };
}

function maxLengthCheck(max: number): TextCheck {
  return {
    holds: (value) => value.length <= max || lengthOf(value) <= max,
    finding: (_value, path) => tooLong(path, max),
  };
}

function minLengthCheck(min: number): TextCheck {
  return {
    holds: (value) => value.length >= min && lengthOf(value) >= min,
    finding: (value, path) => invalid(path, value, `should be at least ${min} chars long`),
  };
}

function patternCheck(pattern: string): TextCheck {
  return {
    holds: (value) => patternOf(pattern).test(value),
    finding: (value, path) => invalid(path, value, `should match '${pattern}'`),
  };
}

/** Go counts code points. */
function lengthOf(text: string): number {
  let length = 0;
  for (const _character of text) length++;
  return length;
}
