/** What a schema says somewhere in its structure, as bits: one walk tells which walks over objects can be left out. */

import type { JsonSchemaProps } from "./json-schema-props.ts";

export const HAS_DEFAULTS = 1;
export const EMBEDS_RESOURCES = 2;
/** Lists whose items must differ. */
export const HAS_UNIQUE_LISTS = 4;
export const HAS_RULES = 8;

export type Fact = typeof HAS_DEFAULTS | typeof EMBEDS_RESOURCES | typeof HAS_UNIQUE_LISTS | typeof HAS_RULES;

export function factsOf(props: JsonSchemaProps): number {
  let facts = own(props);
  const { properties, items, additionalProperties } = props;
  for (const name in properties) facts |= factsOf(properties[name]!);
  if (items && !Array.isArray(items)) facts |= factsOf(items as JsonSchemaProps);
  if (typeof additionalProperties === "object") facts |= factsOf(additionalProperties);
  return facts;
}

function own(props: JsonSchemaProps): number {
  const listType = props["x-kubernetes-list-type"];
  return (
    (props.default === undefined || props.default === null ? 0 : HAS_DEFAULTS) |
    (props["x-kubernetes-embedded-resource"] ? EMBEDS_RESOURCES : 0) |
    (listType === "set" || listType === "map" ? HAS_UNIQUE_LISTS : 0) |
    (props["x-kubernetes-validations"]?.length ? HAS_RULES : 0)
  );
}
