/**
 * The rules that every node of a schema must follow, whether it is structural or not: what OpenAPI allows, what Kubernetes
 * leaves out of it, what lists and maps may be, how validation rules are written.
 *
 * Rules in CEL are compiled only where the schema is sound at their node and below: what they would say of a broken schema
 * goes away with what broke it. So their findings are kept apart, and come last.
 */

import { parseFieldPath } from "@knarr/expressions/field-path.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import { structuralProblem } from "@knarr/structural/structural-errors.ts";
import type { JsonSchemaProps, ValidationRule } from "@knarr/structural/json-schema-props.ts";
import type { Leniency } from "./leniency.ts";
import { below, checkRules, type RulePlace } from "./rule-checks.ts";
import { OPENAPI_TYPES, validateListAndMapTypes } from "./list-rules.ts";

/** What a node is told by those above it. */
export interface Place {
  readonly lenient: Leniency;
  readonly isRoot?: boolean;
  /** Why there may be no defaults here. */
  readonly forbidsDefaults?: string | undefined;
  /** In `metadata`, `kind` or `apiVersion` of a resource. */
  readonly isInMeta?: boolean;
  /** Where rules are looked at: not inside junctors, and not in a schema that is not structural. */
  readonly rules?: RulePlace | undefined;
}

export function validateSchemaNode(props: JsonSchemaProps, place: Place, errors: FieldErrors): void {
  const before = errors.list.length;
  validateAllowed(props, place, errors);
  if (props.uniqueItems)
    errors
      .at("uniqueItems")
      .forbidden("uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
  validateAdditional(props, place, errors);
  for (const [name, field] of Object.entries(props.properties ?? {}))
    validateSchemaNode(field, placeOfField(props, name, place), errors.at("properties").at([name]));
  const inner = { ...place, isRoot: false, rules: undefined };
  if (props.not) validateSchemaNode(props.not, inner, errors.at("not"));
  for (const name of ["allOf", "oneOf", "anyOf"] as const)
    for (const [i, one] of (props[name] ?? []).entries())
      validateSchemaNode(one, inner, errors.at(name).at(i));
  for (const [name, one] of Object.entries(props.definitions ?? {}))
    validateSchemaNode(one, inner, errors.at("definitions").at([name]));
  validateItems(props, placeOfItems(props, place, errors.path), errors.at("items"));
  for (const [name, one] of Object.entries(props.dependencies ?? {}))
    if (!Array.isArray(one))
      validateSchemaNode(one as JsonSchemaProps, inner, errors.at("dependencies").at([name]));
  if (props["x-kubernetes-preserve-unknown-fields"] === false)
    errors.at("x-kubernetes-preserve-unknown-fields").invalid(false, "must be true or undefined");
  validateListAndMapTypes(props, place.lenient, errors);
  for (const [i, rule] of (props["x-kubernetes-validations"] ?? []).entries())
    validateRule(rule, props, errors.at("x-kubernetes-validations").at(i));
  if (place.rules && errors.list.length === before) checkRules(props, place.rules, errors);
}

function placeOfItems(props: JsonSchemaProps, place: Place, path: string): Place {
  const { rules } = place;
  const isMap = props["x-kubernetes-list-type"] === "map";
  const inItems = rules && {
    ...below(rules, props),
    uncorrelatable: rules.uncorrelatable ?? (isMap ? undefined : path),
  };
  return { ...place, isRoot: false, rules: inItems };
}

function validateAllowed(props: JsonSchemaProps, place: Place, errors: FieldErrors): void {
  const { type = "", items, forbidsDefaults } = { ...props, forbidsDefaults: place.forbidsDefaults };
  if (type && !place.lenient.unknownTypes && !OPENAPI_TYPES.includes(type))
    errors.at("type").notSupported(type, OPENAPI_TYPES);
  if (props.default !== undefined && forbidsDefaults !== undefined)
    errors.at("default").forbidden(`must not be set ${forbidsDefaults}`);
  for (const [field, isThere] of unsupported(props))
    if (isThere) errors.at(field).forbidden(`${field} is not supported`);
  if (type === "null")
    errors.at("type").forbidden("type cannot be set to null, use nullable as an alternative");
  if (Array.isArray(items) && items.length > 0)
    errors.at("items").forbidden("items must be a schema object and not an array");
  if (place.isInMeta && props["x-kubernetes-embedded-resource"])
    errors.at("x-kubernetes-embedded-resource").forbidden("must not be used inside of resource meta");
}

function unsupported(props: JsonSchemaProps): readonly (readonly [field: string, isThere: boolean])[] {
  return [
    ["id", Boolean(props.id)],
    ["additionalItems", props.additionalItems != null],
    ["patternProperties", hasMembers(props.patternProperties)],
    ["definitions", hasMembers(props.definitions)],
    ["dependencies", props.dependencies != null],
    ["$ref", props.$ref != null],
  ];
}

function hasMembers(map: object | undefined): boolean {
  return map !== undefined && Object.keys(map).length > 0;
}

/** Fields are for structs, additional properties for maps: nothing is both. */
function validateAdditional(props: JsonSchemaProps, place: Place, errors: FieldErrors): void {
  const additional = props.additionalProperties;
  if (additional === undefined || additional === null) return;
  const at = errors.at("additionalProperties");
  if (hasMembers(props.properties) && additional !== true)
    at.forbidden("additionalProperties and properties are mutual exclusive");
  if (typeof additional !== "object") return;
  const forbidsDefaults = place.isInMeta
    ? "inside additionalProperties applying to object metadata"
    : place.forbidsDefaults;
  validateSchemaNode(additional as JsonSchemaProps, { ...inside(place, props), forbidsDefaults }, at);
}

function inside(place: Place, props: JsonSchemaProps): Place {
  return { ...place, isRoot: false, rules: place.rules && below(place.rules, props) };
}

function placeOfField(props: JsonSchemaProps, name: string, place: Place): Place {
  const isMeta = name === "metadata" || name === "kind" || name === "apiVersion";
  if (!isMeta || !(place.isRoot || props["x-kubernetes-embedded-resource"])) return inside(place, props);
  const forbidsDefaults = place.isRoot ? `in top-level ${name}` : place.forbidsDefaults;
  return { ...inside(place, props), isInMeta: true, forbidsDefaults };
}

function validateItems({ items }: JsonSchemaProps, place: Place, errors: FieldErrors): void {
  if (Array.isArray(items))
    for (const [i, one] of items.entries()) validateSchemaNode(one as JsonSchemaProps, place, errors.at(i));
  else if (items) validateSchemaNode(items as JsonSchemaProps, place, errors);
}

const REASONS = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

/** How a rule is written; what it says in CEL is not looked at here. */
function validateRule(rule: ValidationRule, props: JsonSchemaProps, errors: FieldErrors): void {
  const { rule: text = "", message = "", messageExpression = "", reason, fieldPath = "" } = rule;
  const hasBreak = (one: string) => /[\n\r]/.test(one);
  if (!text.trim()) errors.at("rule").required("rule is not specified");
  else if (message && !message.trim())
    errors.at("message").invalid(message, "must be non-empty if specified");
  else if (hasBreak(message.trim())) errors.at("message").invalid(message, "must not contain line breaks");
  else if (hasBreak(text.trim()) && !message.trim())
    errors.at("message").required("message must be specified if rule contains line breaks");
  if (messageExpression && !messageExpression.trim())
    errors.at("messageExpression").required("messageExpression must be non-empty if specified");
  if (reason != null && !REASONS.includes(reason)) errors.at("reason").notSupported(reason, REASONS);
  const at = errors.at("fieldPath");
  if (fieldPath && !fieldPath.trim()) at.invalid(fieldPath, "must be non-empty if specified");
  if (hasBreak(fieldPath)) at.invalid(fieldPath, "must not contain line breaks");
  const isReadable = structuralProblem(props) === undefined;
  if (fieldPath && isReadable && "error" in parseFieldPath(fieldPath, props))
    at.invalid(fieldPath, "must be a valid path");
}
