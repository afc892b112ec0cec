/** What pods, containers and claims of a namespace may ask for, and what they ask for when they do not say. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { qualifiedName } from "@knarr/machinery/names.ts";
import type { LimitRange, LimitRangeItem } from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";
import { amount, canonical, compare, normalizeAmounts } from "../shared/amounts.ts";
import { plainColumns } from "../shared/columns.ts";
import { isOvercommitAllowed } from "../shared/pod/resource-names.ts";
import { checkContainerResourceName, checkResourceName } from "../shared/resource-name-rules.ts";
import { reject } from "../shared/values.ts";

type Amounts = Record<string, string>;

export const limitRange = defineResource<LimitRange>({
  group: "",
  version: "v1",
  kind: "LimitRange",
  schema: "io.k8s.api.core.v1.LimitRange",
  plural: "limitranges",
  shortNames: ["limits"],
  scope: "Namespaced",
  metadataOnUpdate: ["whole"],
  hasGeneration: false,
  createOnUpdate: true,

  defaults({ spec }) {
    for (const item of spec?.limits ?? []) {
      if (item.type === "Container") defaultContainerItem(item);
      for (const list of [item.max, item.min, item.default, item.defaultRequest, item.maxLimitRequestRatio])
        normalizeAmounts(list);
    }
  },

  /** One that nobody named is called by its uid. */
  prepareForCreate({ metadata }) {
    if (metadata.uid !== undefined) metadata.name ||= metadata.uid;
  },

  validate({ spec }, errors) {
    const types = new Set<string>();
    for (const [index, item] of (spec?.limits ?? []).entries()) {
      const at = errors.at("spec").at("limits").at(index);
      checkType(item.type, at.at("type"));
      if (types.has(item.type)) at.at("type").duplicate(item.type);
      types.add(item.type);
      validateItem(item, at);
    }
  },

  columns: plainColumns,
});

/** No default is the maximum, no default request is the default or else the minimum. */
function defaultContainerItem(item: LimitRangeItem): void {
  const fallback = { ...item.max, ...item.default };
  const request = { ...item.min, ...fallback, ...item.defaultRequest };
  if (Object.keys(fallback).length > 0) item.default = fallback;
  if (Object.keys(request).length > 0) item.defaultRequest = request;
}

const TYPES = ["Pod", "Container", "PersistentVolumeClaim"];

function checkType(type: string, errors: FieldErrors): void {
  const problems = qualifiedName(type);
  reject(errors, type, problems);
  if (problems.length === 0 && !type.includes("/") && !TYPES.includes(type))
    errors.invalid(type, "must be a standard limit type or fully qualified");
}

function validateItem(item: LimitRangeItem, errors: FieldErrors): void {
  const { type, min, max, maxLimitRequestRatio: ratio } = item;
  const checkNames = (field: keyof LimitRangeItem): Amounts => {
    const amounts = (item[field] ?? {}) as Amounts;
    for (const name in amounts) {
      const at = errors.at(field).at([name]);
      if (type === "Pod" || type === "Container") checkContainerResourceName(name, at);
      else checkResourceName(name, at);
    }
    return amounts;
  };
  const lists: Amounts[] = [checkNames("max"), checkNames("min")];
  for (const field of ["default", "defaultRequest"] as const) {
    if (type !== "Pod") lists.push(checkNames(field));
    else if (Object.keys(item[field] ?? {}).length > 0)
      errors.at(field).forbidden("may not be specified when `type` is 'Pod'");
  }
  if (type === "PersistentVolumeClaim" && !min?.["storage"] && !max?.["storage"])
    errors
      .at("limits")
      .required("either minimum or maximum storage value is required, but neither was provided");
  lists.push(checkNames("maxLimitRequestRatio"));

  const fallbacks = type === "Pod" ? {} : { fallback: item.default, request: item.defaultRequest };
  for (const name of new Set(lists.flatMap(Object.keys)))
    validateBounds(name, { min, max, ratio, ...fallbacks }, errors);
}

interface Bounds {
  readonly min?: Amounts | undefined;
  readonly max?: Amounts | undefined;
  readonly fallback?: Amounts | undefined;
  readonly request?: Amounts | undefined;
  readonly ratio?: Amounts | undefined;
}

/** That one resource's numbers fit together. */
function validateBounds(name: string, bounds: Bounds, errors: FieldErrors): void {
  const of = (amounts: Amounts = {}): string | undefined =>
    Object.hasOwn(amounts, name) ? amounts[name] : undefined;
  const [min, max, fallback] = [of(bounds.min), of(bounds.max), of(bounds.fallback)];
  const [request, ratio] = [of(bounds.request), of(bounds.ratio)];
  const at = (field: string): FieldErrors => errors.at(field).at([name]);
  const ordered = (low: Named, high: Named, [field, shown]: [field: string, shown: string | undefined]) => {
    if (low.value === undefined || high.value === undefined || compare(low.value, high.value) <= 0) return;
    const why = `${low.name} value ${canonical(low.value)} is greater than ${high.name} value ${canonical(high.value)}`;
    at(field).invalid(canonical(shown!), why);
  };
  const named = (what: string, value: string | undefined): Named => ({ name: what, value });
  ordered(named("min", min), named("max", max), ["min", min]);
  ordered(named("min", min), named("default request", request), ["defaultRequest", request]);
  ordered(named("default request", request), named("max", max), ["defaultRequest", request]);
  ordered(named("default request", request), named("default limit", fallback), ["defaultRequest", request]);
  ordered(named("min", min), named("default", fallback), ["default", min]); // upstream quotes the bound here
  ordered(named("default", fallback), named("max", max), ["default", max]);
  if (ratio !== undefined) validateRatio(ratio, { min, max }, at("maxLimitRequestRatio"));
  if (isOvercommitAllowed(name) || fallback === undefined || request === undefined) return;
  if (compare(fallback, request) !== 0)
    at("defaultRequest").invalid(
      canonical(request),
      `default value ${canonical(fallback)} must equal to defaultRequest value ${canonical(request)} in ${name}`,
    );
}

interface Named {
  readonly name: string;
  readonly value: string | undefined;
}

function validateRatio(
  ratio: string,
  { min, max }: { readonly min: string | undefined; readonly max: string | undefined },
  errors: FieldErrors,
): void {
  if (compare(ratio, "1") < 0) errors.invalid(canonical(ratio), `ratio ${canonical(ratio)} is less than 1`);
  if (min === undefined || max === undefined) return;
  const widest = amount(max).milliValue / amount(min).milliValue;
  if (amount(ratio).milliValue / 1000 > widest)
    errors.invalid(
      canonical(ratio),
      `ratio ${canonical(ratio)} is greater than max/min = ${widest.toFixed(6)}`,
    );
}
