/**
 * Definitions in the form that upstream still stores them in, apiextensions.k8s.io/v1beta1: what all versions have in common stands once, beside
 * them, and a few names are others.
 */

import type { CustomResourceDefinition } from "../../../generated/apiextensions-v1.ts";

/** What stands beside the versions when they all have it. */
const SHARED = ["subresources", "additionalPrinterColumns", "selectableFields"] as const;

/** `object`, which is used up, as v1 has it. */
export function definitionOfV1beta1(object: any): CustomResourceDefinition {
  const { version, versions, validation, conversion, preserveUnknownFields, ...spec } = object.spec;
  const named = versions?.length ? versions : [{ name: version, served: true, storage: true }];
  for (const one of named) {
    if (validation && !one.schema) one.schema = validation;
    for (const field of SHARED) if (spec[field] && !one[field]) one[field] = spec[field];
    one.additionalPrinterColumns = one.additionalPrinterColumns?.map(({ JSONPath, ...column }: any) => ({
      ...column,
      jsonPath: JSONPath,
    }));
    if (!one.additionalPrinterColumns) delete one.additionalPrinterColumns;
  }
  for (const field of SHARED) delete spec[field];
  return {
    ...object,
    apiVersion: "apiextensions.k8s.io/v1",
    spec: {
      ...spec,
      versions: named,
      ...(conversion && { conversion: conversionOf(conversion) }),
      ...(preserveUnknownFields && { preserveUnknownFields }),
    },
  };
}

function conversionOf({ strategy, webhookClientConfig: clientConfig, conversionReviewVersions }: any): any {
  if (!clientConfig) return { strategy };
  return { strategy, webhook: { clientConfig, conversionReviewVersions } };
}
