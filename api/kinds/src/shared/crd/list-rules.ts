/** `x-kubernetes-list-type`, `-map-keys`, `-map-type`: what they may be said of. */

import { FieldErrors } from "@knarr/machinery/field.ts";
import type { JsonSchemaProps } from "@knarr/structural/json-schema-props.ts";
import { internalItems } from "./internal-form.ts";
import type { Leniency } from "./leniency.ts";

export const OPENAPI_TYPES: readonly string[] = ["array", "boolean", "integer", "number", "object", "string"];

export function validateListAndMapTypes(
  props: JsonSchemaProps,
  lenient: Leniency,
  errors: FieldErrors,
): void {
  validateMapType(props, errors);
  validateListType(props, lenient, errors);
  validateMapKeys(props, errors);
  if (!lenient.mapKeys) for (const finding of mapKeyFindings(props)) finding(errors);
}

function requireType(props: JsonSchemaProps, wanted: string, because: string, errors: FieldErrors): boolean {
  const { type = "" } = props;
  if (type === wanted) return true;
  const why = `must be ${wanted} if ${because} is specified`;
  if (type === "") errors.at("type").required(why);
  else errors.at("type").invalid(type, why);
  return false;
}

function validateMapType(props: JsonSchemaProps, errors: FieldErrors): void {
  const mapType = props["x-kubernetes-map-type"];
  if (mapType == null) return;
  requireType(props, "object", "x-kubernetes-map-type", errors);
  if (!["atomic", "granular"].includes(mapType))
    errors.at("x-kubernetes-map-type").notSupported(mapType, ["atomic", "granular"]);
}

function validateListType(props: JsonSchemaProps, lenient: Leniency, errors: FieldErrors): void {
  const listType = props["x-kubernetes-list-type"];
  if (listType == null) return;
  const at = errors.at("x-kubernetes-list-type");
  if (requireType(props, "array", "x-kubernetes-list-type", errors) && !lenient.setItems)
    setItemFinding(props)?.(errors);
  if (!["atomic", "set", "map"].includes(listType)) at.notSupported(listType, ["atomic", "set", "map"]);
}

type Finding = (errors: FieldErrors) => void;

/** Items of a set are told apart as a whole, so they must be of one piece. */
export function setItemFinding(props: JsonSchemaProps): Finding | undefined {
  const items = singleItems(props);
  if (props["x-kubernetes-list-type"] !== "set" || !items) return undefined;
  const why = "must be atomic as item of a list with x-kubernetes-list-type=set";
  const listType = items["x-kubernetes-list-type"] ?? null;
  if (items.type === "array" && listType !== null && listType !== "atomic")
    return (errors) => errors.at("items").at("x-kubernetes-list-type").invalid(listType, why);
  if (items.type === "object" && items["x-kubernetes-map-type"] !== "atomic")
    // upstream quotes the list type of the items here, which they have not
    return (errors) => errors.at("items").at("x-kubernetes-map-type").invalid(listType, why);
  return undefined;
}

function singleItems({ items }: JsonSchemaProps): JsonSchemaProps | undefined {
  return items && !Array.isArray(items) ? (items as JsonSchemaProps) : undefined;
}

function validateMapKeys(props: JsonSchemaProps, errors: FieldErrors): void {
  const listType = props["x-kubernetes-list-type"];
  const keys = props["x-kubernetes-list-map-keys"] ?? [];
  if (keys.length > 0 && listType !== "map") {
    const why = "must be map if x-kubernetes-list-map-keys is non-empty";
    if (listType == null) errors.at("x-kubernetes-list-type").required(why);
    else errors.at("x-kubernetes-list-type").invalid(listType, why);
  }
  if (listType !== "map") return;
  if (keys.length === 0)
    errors.at("x-kubernetes-list-map-keys").required("must not be empty if x-kubernetes-list-type is map");
  const at = errors.at("items");
  const items = singleItems(props);
  if (!props.items) at.required("must have a schema if x-kubernetes-list-type is map");
  else if (!items)
    at.invalid(internalItems(props.items), "must only have a single schema if x-kubernetes-list-type is map");
  else if (items.type !== "object")
    at.at("type").invalid(items.type ?? "", "must be object if parent array's x-kubernetes-list-type is map");
  else validateKeyFields(items, keys, errors);
}

function validateKeyFields(items: JsonSchemaProps, keys: readonly string[], errors: FieldErrors): void {
  const at = errors.at("x-kubernetes-list-map-keys");
  const seen = new Set<string>();
  for (const key of keys) {
    const field = fieldOf(items, key);
    if (!field) at.invalid(keys, "entries must all be names of item properties");
    else if (field.type === "array" || field.type === "object")
      errors
        .at("items")
        .at("properties")
        .at([key])
        .at("type")
        .invalid(items.type, "must be a scalar type if parent array's x-kubernetes-list-type is map");
    if (seen.has(key)) at.invalid(keys, "must not contain duplicate entries");
    seen.add(key);
  }
}

function fieldOf({ properties = {} }: JsonSchemaProps, name: string): JsonSchemaProps | undefined {
  return Object.hasOwn(properties, name) ? properties[name] : undefined;
}

/** Keys are always there and never null, nor are the items that have them. */
export function mapKeyFindings(props: JsonSchemaProps): readonly Finding[] {
  const listType = props["x-kubernetes-list-type"];
  const items = singleItems(props);
  if (!items || (listType !== "set" && listType !== "map")) return [];
  const findings: Finding[] = [];
  if (items.nullable)
    findings.push((errors) =>
      errors
        .at("items")
        .at("nullable")
        .forbidden(`cannot be nullable when x-kubernetes-list-type is ${listType}`),
    );
  if (listType === "set") return findings;
  for (const key of props["x-kubernetes-list-map-keys"] ?? []) {
    const field = fieldOf(items, key);
    if (!field) continue;
    const at = (errors: FieldErrors) => errors.at("items").at("properties").at([key]);
    if (!items.required?.includes(key) && field.default == null)
      findings.push((errors) =>
        at(errors)
          .at("default")
          .required(
            "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
          ),
      );
    if (field.nullable)
      findings.push((errors) =>
        at(errors)
          .at("nullable")
          .forbidden("this property is in x-kubernetes-list-map-keys, so it cannot be nullable"),
      );
  }
  return findings;
}
