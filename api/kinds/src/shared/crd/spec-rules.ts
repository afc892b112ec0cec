/** The spec of a definition, version by version and as a whole. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1035Label, dns1123Subdomain } from "@knarr/machinery/names.ts";
import type { CustomResourceDefinitionSpec } from "../../../generated/apiextensions-v1.ts";
import { requireOneOf } from "../values.ts";
import { validateColumns, validateSubresources } from "./columns.ts";
import { validateConversion } from "./conversion.ts";
import {
  type HoistedSpec,
  type HoistedVersion,
  hoisted,
  schemaHas,
  schemasOf,
  type VersionParts,
} from "./hoisted.ts";
import { internalVersions } from "./internal-form.ts";
import type { Leniency } from "./leniency.ts";
import { requireNames, validateNames } from "./names.ts";
import { type SchemaContext, validateSchema } from "./schema-validation.ts";
import { validateSelectableFields } from "./selectable-fields.ts";

export function validateSpec(
  given: CustomResourceDefinitionSpec,
  lenient: Leniency,
  errors: FieldErrors,
): void {
  const spec = hoisted(given);
  const { group = "", scope, names = {}, versions, shared, conversion } = spec;
  const preservesUnknown = spec.preserveUnknownFields ?? false;
  validateGroup(group, errors.at("group"));
  requireOneOf(errors.at("scope"), scope, ["Cluster", "Namespaced"]);
  validateHasSchemas(spec, lenient, errors);
  const hasDefaults = schemasOf(given).some((props) => schemaHas(props, (one) => one.default !== undefined));
  if (hasDefaults && preservesUnknown)
    errors.at("preserveUnknownFields").invalid(true, "must be false in order to use defaults in the schema");
  const requiresStructural =
    !preservesUnknown || !lenient.nonStructural || hasDefaults || hasExtensions(given);
  const context = { lenient, requiresStructural };
  const first = versions?.[0]?.name ?? "";

  for (const [i, version] of (versions ?? []).entries()) {
    const at = errors.at("versions").at(i);
    const problems = dns1035Label(version.name ?? "");
    if (problems.length > 0) at.at("name").invalid(version.name ?? "", problems.join(","));
    const { status } = (hasOwnSubresources(spec) ? version.subresources : shared.subresources) ?? {};
    validateVersion(version, { ...context, hasStatus: Boolean(status), version: version.name ?? "" }, at);
  }
  validateVersions(spec, errors);
  requireNames(names, errors.at("names"));
  validateNames(names, errors.at("names"));
  const hasStatus = [shared, ...(versions ?? [])].some(({ subresources }) => subresources?.status);
  validateSchema(shared.schema, { ...context, hasStatus, version: first }, errors.at("validation"));
  validateShared(shared, { allowsTooMany: lenient.tooManySelectable.has(first) }, errors);
  validateConversion(conversion, { preservesUnknown, lenient }, errors);
}

function validateGroup(group: string, errors: FieldErrors): void {
  if (!group) return errors.required();
  const problems = dns1123Subdomain(group);
  if (problems.length > 0) errors.invalid(group, problems.join(","));
  else if (!group.includes(".")) errors.invalid(group, "should be a domain with at least one dot");
}

function validateHasSchemas(
  { versions, shared, preserveUnknownFields }: HoistedSpec,
  lenient: Leniency,
  errors: FieldErrors,
): void {
  if (shared.schema?.openAPIV3Schema) return;
  for (const [i, { schema, served }] of (versions ?? []).entries()) {
    if (schema?.openAPIV3Schema) continue;
    const at = errors.at("versions").at(i).at("schema").at("openAPIV3Schema");
    if (!lenient.missingSchemas) at.required();
    else if (!preserveUnknownFields && served) at.required("because otherwise all fields are pruned");
  }
}

function hasExtensions(spec: CustomResourceDefinitionSpec): boolean {
  return schemasOf(spec).some((props) =>
    schemaHas(
      props,
      (one) =>
        one["x-kubernetes-embedded-resource"] === true ||
        one["x-kubernetes-preserve-unknown-fields"] !== undefined ||
        one["x-kubernetes-int-or-string"] === true ||
        one["x-kubernetes-list-type"] !== undefined ||
        Boolean(one["x-kubernetes-list-map-keys"]?.length) ||
        Boolean(one["x-kubernetes-validations"]?.length),
    ),
  );
}

function hasOwnSubresources({ versions }: HoistedSpec): boolean {
  return (versions ?? []).some(({ subresources }) => subresources !== undefined);
}

function validateVersion(version: HoistedVersion, context: SchemaContext, errors: FieldErrors): void {
  const { deprecated, deprecationWarning, schema } = version;
  for (const problem of deprecationProblems(deprecationWarning, { isDeprecated: deprecated ?? false }))
    errors.at("deprecationWarning").invalid(deprecationWarning, problem);
  validateSchema(schema, context, errors.at("schema"));
  validateSubresources(version.subresources, errors.at("subresources"));
  validateColumns(version.additionalPrinterColumns, errors.at("additionalPrinterColumns"));
  const fields = version.selectableFields ?? [];
  const at = errors.at("selectableFields");
  const allowsTooMany = context.lenient.tooManySelectable.has(version.name);
  if (fields.length === 0) return;
  // what all versions share of their schemas is not the version's own: upstream asks for one here all the same
  if (schema?.openAPIV3Schema)
    validateSelectableFields(fields, schema.openAPIV3Schema, { allowsTooMany, errors: at });
  else at.invalid("", "may only be set when `version.schema.openAPIV3Schema` is not included");
}

const MAX_WARNING = 256;

function deprecationProblems(
  warning: string | undefined,
  { isDeprecated }: { readonly isDeprecated: boolean },
): readonly string[] {
  if (warning == null) return [];
  if (!isDeprecated) return ["can only be set for deprecated versions"];
  const problems: string[] = [];
  if (Buffer.byteLength(warning) > MAX_WARNING) problems.push(`must be <= ${MAX_WARNING} characters long`);
  if (warning === "") problems.push("must not be an empty string");
  const odd = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(warning);
  if (odd) {
    const at = Buffer.byteLength(warning.slice(0, odd.index));
    problems.push(
      `must only contain printable UTF-8 characters; non-printable character found at index ${at}`,
    );
  }
  return problems;
}

function validateVersions({ versions }: HoistedSpec, errors: FieldErrors): void {
  const names = (versions ?? []).map(({ name }) => name ?? "");
  const at = errors.at("versions");
  if (new Set(names).size < names.length)
    at.invalid(internalVersions(versions), "must contain unique version names");
  if ((versions ?? []).filter(({ storage }) => storage).length !== 1)
    at.invalid(internalVersions(versions), "must have exactly one version marked as storage version");
  const first = names[0];
  const problems = first ? dns1035Label(first) : [];
  if (problems.length > 0) errors.at("version").invalid(first, problems.join(","));
}

/** What all versions say alike, but for the schema. */
function validateShared(
  shared: VersionParts,
  { allowsTooMany }: { readonly allowsTooMany: boolean },
  errors: FieldErrors,
): void {
  validateSubresources(shared.subresources, errors.at("subresources"));
  validateColumns(shared.additionalPrinterColumns, errors.at("additionalPrinterColumns"));
  const fields = shared.selectableFields ?? [];
  if (fields.length === 0) return;
  const at = errors.at("selectableFields");
  if (shared.schema)
    validateSelectableFields(fields, shared.schema.openAPIV3Schema ?? {}, { allowsTooMany, errors: at });
  else at.invalid("", "may only be set when validations.schema is included");
}
