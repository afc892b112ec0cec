/**
 * The spec of a CustomResourceDefinition as upstream's server sees it in memory: what all versions say alike is said once for
 * all of them. Rules look at it in that form, so findings name `spec.validation` and `spec.subresources`, which v1 does not
 * have.
 */

import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { JsonSchemaProps } from "@knarr/structural/json-schema-props.ts";
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionSpec,
  CustomResourceSubresources,
  SelectableField,
} from "../../../generated/apiextensions-v1.ts";

export interface SchemaPart {
  readonly openAPIV3Schema?: JsonSchemaProps;
}

/** What a version says, and the spec for all versions. */
export interface VersionParts {
  readonly schema?: SchemaPart;
  readonly subresources?: CustomResourceSubresources;
  readonly additionalPrinterColumns?: readonly CustomResourceColumnDefinition[];
  readonly selectableFields?: readonly SelectableField[];
}

export interface HoistedVersion extends VersionParts {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly deprecated?: boolean;
  readonly deprecationWarning?: string;
}

export interface HoistedSpec extends Omit<CustomResourceDefinitionSpec, "versions"> {
  /** Undefined when nobody wrote the field. */
  readonly versions: readonly HoistedVersion[] | undefined;
  readonly shared: VersionParts;
}

const PARTS = ["schema", "subresources", "additionalPrinterColumns", "selectableFields"] as const;

export function hoisted(spec: CustomResourceDefinitionSpec): HoistedSpec {
  const { versions: given, ...rest } = spec;
  const versions = given as readonly HoistedVersion[] | undefined;
  const first = versions?.[0];
  if (!versions || !first) return { ...rest, versions: versions ?? undefined, shared: {} };
  const isAlike = (part: (typeof PARTS)[number]) =>
    versions.every((version) => semanticEqual(version[part], first[part]));
  const shared: Record<string, unknown> = {};
  const own = versions.map((version) => ({ ...version })) as Record<string, unknown>[];
  for (const part of PARTS) {
    if (!isAlike(part)) continue;
    if (first[part] !== undefined) shared[part] = first[part];
    for (const version of own) delete version[part];
  }
  return { ...rest, versions: own as unknown as HoistedVersion[], shared };
}

/** Every schema of a definition: at most one for each version. */
export function schemasOf(spec: CustomResourceDefinitionSpec): readonly JsonSchemaProps[] {
  const schemas = new Set<JsonSchemaProps>();
  for (const { schema } of spec.versions ?? [])
    if (schema?.openAPIV3Schema) schemas.add(schema.openAPIV3Schema as JsonSchemaProps);
  return [...schemas];
}

/** Whether `props` or a schema in it, junctors and what no structural schema has included, is as asked. */
export function schemaHas(
  props: JsonSchemaProps | undefined,
  isSo: (props: JsonSchemaProps) => boolean,
): boolean {
  if (!props) return false;
  return isSo(props) || childrenOf(props).some((child) => schemaHas(child, isSo));
}

function childrenOf(props: JsonSchemaProps): readonly JsonSchemaProps[] {
  const { items, additionalProperties, additionalItems, dependencies = {} } = props;
  const alone = [items, props.not, additionalProperties, additionalItems, ...Object.values(dependencies)];
  const lists = [props.allOf, props.anyOf, props.oneOf, Array.isArray(items) ? items : []];
  const maps = [props.properties, props.patternProperties, props.definitions];
  return [
    ...alone.filter((one) => typeof one === "object" && one !== null && !Array.isArray(one)),
    ...lists.flatMap((list) => list ?? []),
    ...maps.flatMap((map) => Object.values(map ?? {})),
  ] as JsonSchemaProps[];
}
