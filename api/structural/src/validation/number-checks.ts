/** `minimum`, `maximum`, `multipleOf` and the range of the format. */

import { goFloat, goNumber } from "@knarr/machinery/patch/go-print.ts";
import type { JsonSchemaProps } from "../json-schema-props.ts";
import type { Check } from "./check.ts";
import { type Finding, general, invalidNumber } from "./finding.ts";
import { INTEGER, kindOf } from "./kinds.ts";

/** The numeric type whose range is checked. */
interface Range {
  readonly type: "integer" | "number" | "";
  readonly format: string;
}

export function numberChecks(props: JsonSchemaProps, range: Range): readonly Check[] {
  const { multipleOf, maximum, minimum, exclusiveMaximum = false, exclusiveMinimum = false } = props;
  return [
    ...(range.type && !(range.type === "number" && range.format !== "float") ? [rangeCheck(range)] : []),
    ...(multipleOf == null ? [] : bounded("MultipleOf", multipleOf, range, multipleCheck)),
    ...(minimum == null
      ? []
      : bounded("Minimum boundary", minimum, range, (bound) => minimumCheck(bound, exclusiveMinimum))),
    ...(maximum == null
      ? []
      : bounded("Maximum boundary", maximum, range, (bound) => maximumCheck(bound, exclusiveMaximum))),
  ];
}

function rangeCheck(range: Range): Check {
  return {
    holds: (value: number) => isInRange(value, range),
    finding: (_value, path) => general(rangeText("Checked", range, path)),
  };
}

/** A limit that the type cannot express is itself wrong, for every value; then values are compared as fractions. */
function bounded(
  name: string,
  limit: number,
  range: Range,
  check: (bound: Bound) => Check,
): readonly Check[] {
  if (isInRange(limit, range)) return [check({ limit, cuts: true })];
  const wrong: Check = {
    holds: () => false,
    finding: (_value, path) => general(rangeText(name, range, path)),
  };
  return [wrong, check({ limit, cuts: false })];
}

function isInRange(value: number, { type, format }: Range): boolean {
  if (type === "number") return format !== "float" || Math.abs(value) <= 3.4028234663852886e38;
  if (type !== "integer") return true;
  if (!Number.isInteger(value)) return false;
  return format === "int32" ? value === (value | 0) : value >= -(2 ** 63) && value <= 2 ** 63;
}

function rangeText(name: string, { type, format }: Range, path: string): string {
  const how = format ? `with format ${format}` : "(default format)";
  return `${name} value must be of type ${type} ${how} in ${path}`;
}

interface Bound {
  readonly limit: number;
  /** Whole values are compared with the limit cut to a whole number; otherwise everything is a fraction. */
  readonly cuts: boolean;
}

function isCut(value: unknown, { cuts }: Bound): boolean {
  return cuts && kindOf(value) === INTEGER;
}

function limitFor(value: unknown, bound: Bound): number {
  return isCut(value, bound) ? Math.trunc(bound.limit) : bound.limit;
}

function maximumCheck(bound: Bound, isExclusive: boolean): Check {
  return {
    holds: (value: number) => {
      const limit = limitFor(value, bound);
      return isExclusive ? value < limit : value <= limit;
    },
    finding: (value, path) =>
      outOfBounds(value as number, bound, { path, than: lessOrMore("less", isExclusive) }),
  };
}

function minimumCheck(bound: Bound, isExclusive: boolean): Check {
  return {
    holds: (value: number) => {
      const limit = limitFor(value, bound);
      return isExclusive ? value > limit : value >= limit;
    },
    finding: (value, path) =>
      outOfBounds(value as number, bound, { path, than: lessOrMore("greater", isExclusive) }),
  };
}

function lessOrMore(which: string, isExclusive: boolean): string {
  return `should be ${which} than${isExclusive ? "" : " or equal to"}`;
}

interface Told {
  readonly path: string;
  readonly than: string;
}

function outOfBounds(value: number, bound: Bound, { path, than }: Told): Finding {
  const limit = limitFor(value, bound);
  const isWhole = isCut(value, bound);
  const text = `${path} in body ${than} ${isWhole ? goNumber(limit) : goFloat(limit)}`;
  // a fraction's limit makes a fraction of the value, which shows when it is large
  return invalidNumber(path, isWhole || bound.cuts ? goNumber(value) : goFloat(value), text);
}

function multipleCheck(bound: Bound): Check {
  return {
    holds: (value: number) => {
      const factor = limitFor(value, bound);
      if (factor <= 0) return false;
      if (isCut(value, bound)) return value % factor === 0;
      return isNearlyWhole(factor < 1 ? (1 / factor) * value : value / factor);
    },
    finding: (value, path) => {
      const factor = limitFor(value, bound);
      const shown = isCut(value, bound) ? goNumber(factor) : goFloat(factor);
      if (factor <= 0)
        return invalidNumber(
          path,
          shown,
          `factor MultipleOf declared for ${path} must be positive: ${shown}`,
        );
      return outOfBounds(value as number, bound, { path, than: "should be a multiple of" });
    },
  };
}

const EPSILON = 1e-9;

/** Fractions of fractions are seldom whole to the last bit. Negative ones are given no leeway, as upstream gives none. */
function isNearlyWhole(value: number): boolean {
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) return false;
  const whole = Math.trunc(value);
  if (value === whole) return true;
  if (value < 0 || whole === 0) return false;
  return (value - whole) / (value + whole) < EPSILON;
}
