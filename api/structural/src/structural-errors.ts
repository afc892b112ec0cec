/**
 * Whether a schema is structural: whether it says outside of `allOf`, `anyOf`, `oneOf` and `not` which fields there are and of
 * what type, and inside of them only what values may be. Pruning, defaulting and field management rest on it.
 */

import { FieldErrors } from "@knarr/machinery/field.ts";
import type { JsonSchemaProps } from "./json-schema-props.ts";
import { patternProblem } from "./validation/pattern.ts";

/** What keeps `props` from being read as a structural schema at all; undefined when nothing does. */
export function structuralProblem(props: JsonSchemaProps): string | undefined {
  for (const [field, isThere] of unsupported)
    if (isThere(props)) return `OpenAPIV3Schema '${field}' is not supported`;
  if (props["x-kubernetes-preserve-unknown-fields"] === false)
    return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
  if (Array.isArray(props.items) && props.items.length > 0)
    return "OpenAPIV3Schema 'items' must be a schema, but is an array";
  for (const child of childrenOf(props)) {
    const problem = structuralProblem(child);
    if (problem) return problem;
  }
  return undefined;
}

const unsupported: readonly (readonly [field: string, isThere: (props: JsonSchemaProps) => boolean])[] = [
  ["id", ({ id }) => Boolean(id)],
  ["schema", ({ $schema }) => Boolean($schema)],
  ["$ref", ({ $ref }) => Boolean($ref)],
  ["patternProperties", ({ patternProperties }) => size(patternProperties) > 0],
  ["dependencies", ({ dependencies }) => size(dependencies) > 0],
  ["additionalItems", ({ additionalItems }) => additionalItems !== undefined],
  ["definitions", ({ definitions }) => size(definitions) > 0],
];

function size(members: object | undefined): number {
  return members ? Object.keys(members).length : 0;
}

function* childrenOf(props: JsonSchemaProps): Generator<JsonSchemaProps> {
  const { not, allOf = [], anyOf = [], oneOf = [], items, properties = {}, additionalProperties } = props;
  if (not) yield not;
  yield* allOf;
  yield* anyOf;
  yield* oneOf;
  if (items && !Array.isArray(items)) yield items as JsonSchemaProps;
  yield* Object.values(properties);
  if (typeof additionalProperties === "object") yield additionalProperties;
}

/** Adds, in the order of their texts, what is not structural in `props`, which can be read (see structuralProblem). */
export function structuralErrors(props: JsonSchemaProps, errors: FieldErrors): void {
  const found = new FieldErrors(errors.path);
  checkNode(props, "root", found);
  checkCompleteness(props, props, { structure: found, validation: found });
  const text = ({ field, message }: { field: string; message: string }) => `${field}: ${message}`;
  errors.list.push(...found.list.sort((a, b) => (text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0)));
}

export function isStructural(props: JsonSchemaProps): boolean {
  if (structuralProblem(props)) return false;
  const errors = new FieldErrors();
  structuralErrors(props, errors);
  return errors.list.length === 0;
}

type Level = "root" | "item" | "field";

const UNTYPED: Readonly<Record<Level, string>> = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
};

function checkNode(props: JsonSchemaProps, level: Level, errors: FieldErrors): void {
  const { type = "", items, properties = {}, additionalProperties } = props;
  if (type === "array" && !items) errors.at("items").required("must be specified");
  if (items) checkNode(items as JsonSchemaProps, "item", errors.at("items"));
  for (const [name, field] of Object.entries(properties))
    checkNode(field, "field", errors.at("properties").at([name]));
  if (additionalProperties !== undefined) {
    const at = errors.at("additionalProperties");
    if (level === "root") at.forbidden("must not be used at the root");
    if (typeof additionalProperties === "object") checkNode(additionalProperties, "field", at);
  }
  checkExtensions(props, errors);
  checkValues(props, { level, isStructure: true }, errors);
  checkType(props, level, errors);
  checkMeta(props, level, errors);
}

function checkExtensions(props: JsonSchemaProps, errors: FieldErrors): void {
  if (!props["x-kubernetes-int-or-string"]) return;
  for (const name of ["x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"] as const)
    if (props[name]) errors.at(name).invalid(true, "must be false if x-kubernetes-int-or-string is true");
}

function checkType(props: JsonSchemaProps, level: Level, errors: FieldErrors): void {
  const { type = "" } = props;
  const isEmbedded = props["x-kubernetes-embedded-resource"];
  const keeps = props["x-kubernetes-preserve-unknown-fields"];
  const at = errors.at("type");
  if (isEmbedded && type !== "object") {
    const why = "must be object if x-kubernetes-embedded-resource is true";
    if (type === "") at.required(why);
    else at.invalid(type, why);
  } else if (type === "" && !props["x-kubernetes-int-or-string"] && !keeps) at.required(UNTYPED[level]);
  if (isEmbedded && props.additionalProperties !== undefined)
    errors.at("additionalProperties").forbidden("must not be used if x-kubernetes-embedded-resource is set");
  if (level === "root" && type !== "" && type !== "object") at.invalid(type, "must be object at the root");
}

/** `kind`, `apiVersion` and `metadata` of a resource have types already, which a schema may only repeat. */
function checkMeta(props: JsonSchemaProps, level: Level, errors: FieldErrors): void {
  const { properties = {} } = props;
  const isResource = level === "root" || props["x-kubernetes-embedded-resource"] === true;
  const at = errors.at("properties");
  for (const name of ["kind", "apiVersion"]) {
    const type = own(properties, name)?.type ?? "";
    if (isResource && own(properties, name) && type !== "string")
      at.at([name]).at("type").invalid(type, "must be string");
  }
  const metadata = own(properties, "metadata");
  if (metadata) {
    const { type = "" } = metadata;
    if (isResource && type !== "object") at.at(["metadata"]).at("type").invalid(type, "must be object");
    if (level === "root" && !isBareMetadata(metadata))
      at.at(["metadata"]).forbidden(
        "must not specify anything other than name and generateName, but metadata is implicitly specified",
      );
  }
  const keeps = props["x-kubernetes-preserve-unknown-fields"];
  if (props["x-kubernetes-embedded-resource"] && !keeps && size(properties) === 0)
    at.required(
      "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
    );
}

function own(
  properties: { readonly [name: string]: JsonSchemaProps },
  name: string,
): JsonSchemaProps | undefined {
  return Object.hasOwn(properties, name) ? properties[name] : undefined;
}

function isBareMetadata({
  type: _type,
  default: _default,
  properties = {},
  ...rest
}: JsonSchemaProps): boolean {
  const isNamesOnly = Object.keys(properties).every((name) => name === "name" || name === "generateName");
  return (
    isNamesOnly &&
    Object.values(rest).every((value) => value === undefined || value === false || value === "")
  );
}

const EITHER = JSON.stringify([{ type: "integer" }, { type: "string" }]);

/** The one use of types among values: that of int-or-string, written out. */
function isEither(anyOf: readonly JsonSchemaProps[] | undefined): boolean {
  return anyOf?.length === 2 && JSON.stringify(anyOf) === EITHER;
}

/** `isStructure`: not inside a junctor, where int-or-string may be written out. */
function checkValues(
  props: JsonSchemaProps,
  { level, isStructure }: { readonly level: Level; readonly isStructure: boolean },
  errors: FieldErrors,
): void {
  const { anyOf = [], allOf = [], oneOf = [], not, pattern } = props;
  if (!isStructure || !isEither(anyOf))
    for (const [i, one] of anyOf.entries()) checkNested(one, level, errors.at("anyOf").at(i));
  for (const [i, one] of allOf.entries()) {
    const { anyOf: either, ...rest } = one;
    const isWritten = isStructure && i === 0 && isEither(either);
    checkNested(isWritten ? rest : one, level, errors.at("allOf").at(i));
  }
  for (const [i, one] of oneOf.entries()) checkNested(one, level, errors.at("oneOf").at(i));
  if (not) checkNested(not, level, errors.at("not"));
  const problem = pattern ? patternProblem(pattern) : undefined;
  if (problem)
    errors.at("pattern").invalid(pattern, `must be a valid regular expression, but isn't: ${problem}`);
}

const FORBIDDEN: readonly (readonly [field: keyof JsonSchemaProps, why: string])[] = [
  ["type", "must be empty"],
  ["additionalProperties", "must be undefined"],
  ["default", "must be undefined"],
  ["title", "must be empty"],
  ["description", "must be empty"],
  ["nullable", "must be false"],
  ["x-kubernetes-preserve-unknown-fields", "must be false"],
  ["x-kubernetes-embedded-resource", "must be false"],
  ["x-kubernetes-int-or-string", "must be false"],
  ["x-kubernetes-list-map-keys", "must be empty"],
  ["x-kubernetes-list-type", "must be undefined"],
  ["x-kubernetes-map-type", "must be undefined"],
  ["x-kubernetes-validations", "must be empty"],
];

/** What stands inside a junctor. */
function checkNested(props: JsonSchemaProps, level: Level, errors: FieldErrors): void {
  checkValues(props, { level, isStructure: false }, errors);
  const { items, properties = {} } = props;
  if (items) checkNested(items as JsonSchemaProps, level, errors.at("items"));
  for (const [name, field] of Object.entries(properties))
    checkNested(field, "field", errors.at("properties").at([name]));
  for (const [field, why] of FORBIDDEN)
    if (isSaid(props[field], why)) errors.at(field).forbidden(`${why} to be structural`);
  if (Object.hasOwn(properties, "metadata"))
    errors.at("properties").at(["metadata"]).forbidden("must not be specified in a nested context");
}

function isSaid(value: unknown, why: string): boolean {
  if (value === undefined || value === null) return false;
  if (why === "must be undefined") return value !== false;
  return Array.isArray(value) ? value.length > 0 : value !== false && value !== "";
}

interface Places {
  /** In the schema outside of junctors. */
  readonly structure: FieldErrors;
  /** Inside of them. */
  readonly validation: FieldErrors;
}

/** Every field that a junctor speaks of must be there outside of it. */
function checkCompleteness(
  props: JsonSchemaProps,
  outside: JsonSchemaProps,
  { structure, validation }: Places,
): void {
  const { not, allOf = [], anyOf = [], oneOf = [] } = props;
  if (not) checkNestedCompleteness(not, outside, { structure, validation: validation.at("not") });
  for (const [name, list] of [
    ["allOf", allOf],
    ["anyOf", anyOf],
    ["oneOf", oneOf],
  ] as const)
    for (const [i, one] of list.entries())
      checkNestedCompleteness(one, outside, { structure, validation: validation.at(name).at(i) });
}

function checkNestedCompleteness(
  props: JsonSchemaProps,
  outside: JsonSchemaProps | undefined,
  { structure, validation }: Places,
): void {
  if (!outside) return structure.required(`because it is defined in ${validation.path}`);
  checkCompleteness(props, outside, { structure, validation });
  if (props.items)
    checkNestedCompleteness(props.items as JsonSchemaProps, outside.items as JsonSchemaProps | undefined, {
      structure: structure.at("items"),
      validation: validation.at("items"),
    });
  for (const [name, field] of Object.entries(props.properties ?? {}))
    checkNestedCompleteness(field, own(outside.properties ?? {}, name), {
      structure: structure.at("properties").at([name]),
      validation: validation.at("properties").at([name]),
    });
}
