/** Formats that a schema names and nobody checks: writers are told, once a definition has them that it had not before. */

import { quote } from "@knarr/machinery/quote.ts";
import { knownFormat } from "@knarr/structural/validation/formats.ts";
import type { CustomResourceDefinitionSpec } from "../../../generated/apiextensions-v1.ts";
import { hoisted, schemaHas } from "./hoisted.ts";

export function formatWarnings(
  spec: CustomResourceDefinitionSpec | undefined,
  previous: CustomResourceDefinitionSpec | undefined,
): readonly string[] {
  const old = new Set(unknownFormats(previous));
  return unknownFormats(spec)
    .filter((format) => !old.has(format))
    .map((format) => `unrecognized format ${quote(format)}`);
}

function unknownFormats(spec: CustomResourceDefinitionSpec | undefined): readonly string[] {
  if (!spec) return [];
  const { shared, versions } = hoisted(spec);
  const found: string[] = [];
  for (const { schema } of [shared, ...(versions ?? [])])
    schemaHas(schema?.openAPIV3Schema, ({ format, type = "" }) => {
      if (format && knownFormat(format, type) === "") found.push(format);
      return false;
    });
  return found;
}
