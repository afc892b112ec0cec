/** Parts of a definition as upstream prints what it has in memory: Go's field names, nulls and zeros where nothing is set. */

import type { JsonSchemaProps, ValidationRule } from "@knarr/structural/json-schema-props.ts";
import type {
  CustomResourceColumnDefinition,
  CustomResourceSubresources,
} from "../../../generated/apiextensions-v1.ts";
import type { HoistedVersion } from "./hoisted.ts";

export function internalVersions(versions: readonly HoistedVersion[] | undefined): unknown {
  return versions ? versions.map(internalVersion) : null;
}

function internalVersion(version: HoistedVersion): unknown {
  const { schema, subresources, additionalPrinterColumns, selectableFields } = version;
  return {
    Name: version.name ?? "",
    Served: version.served ?? false,
    Storage: version.storage ?? false,
    Deprecated: version.deprecated ?? false,
    DeprecationWarning: version.deprecationWarning ?? null,
    Schema: schema ? { OpenAPIV3Schema: schemaOrNull(schema.openAPIV3Schema) } : null,
    Subresources: subresources ? internalSubresources(subresources) : null,
    AdditionalPrinterColumns: additionalPrinterColumns?.map(internalColumn) ?? null,
    SelectableFields: selectableFields?.map(({ jsonPath }) => ({ JSONPath: jsonPath ?? "" })) ?? null,
  };
}

function internalSubresources({ status, scale }: CustomResourceSubresources): unknown {
  return {
    Status: status ? {} : null,
    Scale: scale
      ? {
          SpecReplicasPath: scale.specReplicasPath ?? "",
          StatusReplicasPath: scale.statusReplicasPath ?? "",
          LabelSelectorPath: scale.labelSelectorPath ?? null,
        }
      : null,
  };
}

function internalColumn(column: CustomResourceColumnDefinition): unknown {
  const { name = "", type = "", format = "", description = "", priority = 0, jsonPath = "" } = column;
  return {
    Name: name,
    Type: type,
    Format: format,
    Description: description,
    Priority: priority,
    JSONPath: jsonPath,
  };
}

export function internalRule(rule: ValidationRule): unknown {
  return {
    Rule: rule.rule ?? "",
    Message: rule.message ?? "",
    MessageExpression: rule.messageExpression ?? "",
    Reason: rule.reason ?? null,
    FieldPath: rule.fieldPath ?? "",
    OptionalOldSelf: rule.optionalOldSelf ?? null,
  };
}

function schemaOrNull(props: JsonSchemaProps | undefined): unknown {
  return props ? internalSchema(props) : null;
}

export function internalSchema(props: JsonSchemaProps): unknown {
  const { items, additionalProperties, additionalItems, dependencies, externalDocs } = props;
  return {
    ID: props.id ?? "",
    Schema: props.$schema ?? "",
    Ref: props.$ref ?? null,
    Description: props.description ?? "",
    Type: props.type ?? "",
    Nullable: props.nullable ?? false,
    Format: props.format ?? "",
    Title: props.title ?? "",
    Default: props.default ?? null,
    Maximum: props.maximum ?? null,
    ExclusiveMaximum: props.exclusiveMaximum ?? false,
    Minimum: props.minimum ?? null,
    ExclusiveMinimum: props.exclusiveMinimum ?? false,
    MaxLength: props.maxLength ?? null,
    MinLength: props.minLength ?? null,
    Pattern: props.pattern ?? "",
    MaxItems: props.maxItems ?? null,
    MinItems: props.minItems ?? null,
    UniqueItems: props.uniqueItems ?? false,
    MultipleOf: props.multipleOf ?? null,
    Enum: props.enum ?? null,
    MaxProperties: props.maxProperties ?? null,
    MinProperties: props.minProperties ?? null,
    Required: props.required ?? null,
    Items: items ? internalItems(items) : null,
    AllOf: props.allOf?.map(internalSchema) ?? null,
    OneOf: props.oneOf?.map(internalSchema) ?? null,
    AnyOf: props.anyOf?.map(internalSchema) ?? null,
    Not: schemaOrNull(props.not),
    Properties: internalMap(props.properties, internalSchema),
    AdditionalProperties: schemaOrBool(additionalProperties),
    PatternProperties: internalMap(props.patternProperties, internalSchema),
    Dependencies: internalMap(dependencies, schemaOrTexts),
    AdditionalItems: schemaOrBool(additionalItems),
    Definitions: internalMap(props.definitions, internalSchema),
    ExternalDocs: externalDocs
      ? { Description: externalDocs.description ?? "", URL: externalDocs.url ?? "" }
      : null,
    Example: props.example ?? null,
    XPreserveUnknownFields: props["x-kubernetes-preserve-unknown-fields"] ?? null,
    XEmbeddedResource: props["x-kubernetes-embedded-resource"] ?? false,
    XIntOrString: props["x-kubernetes-int-or-string"] ?? false,
    XListMapKeys: props["x-kubernetes-list-map-keys"] ?? null,
    XListType: props["x-kubernetes-list-type"] ?? null,
    XMapType: props["x-kubernetes-map-type"] ?? null,
    XValidations: props["x-kubernetes-validations"]?.map(internalRule) ?? null,
  };
}

export function internalItems(items: unknown): unknown {
  return Array.isArray(items)
    ? { Schema: null, JSONSchemas: items.map(internalSchema) }
    : { Schema: internalSchema(items as JsonSchemaProps), JSONSchemas: null };
}

function schemaOrBool(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === "boolean") return { Allows: value, Schema: null };
  return { Allows: true, Schema: internalSchema(value as JsonSchemaProps) };
}

function schemaOrTexts(value: unknown): unknown {
  return Array.isArray(value)
    ? { Schema: null, Property: value }
    : { Schema: internalSchema(value as JsonSchemaProps), Property: null };
}

function internalMap<T>(map: { [key: string]: T } | undefined, inner: (value: T) => unknown): unknown {
  if (!map) return null;
  const entries = Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, value]) => [key, inner(value)]));
}
