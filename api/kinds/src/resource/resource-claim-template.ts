/** What the claims look like that are made for each pod of a workload. */

import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { ResourceClaimTemplate } from "../../generated/resource-v1.ts";
import type { ResourceClaimTemplate as ResourceClaimTemplateV1beta1 } from "../../generated/resource-v1beta1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { defaultClaimSpec, validateClaimSpec } from "../shared/dra/requests.ts";
import { claimSpecFromHub, claimSpecToHub, defaultOldClaimSpec } from "../shared/dra/v1beta1.ts";
import { internalForm } from "../shared/internal/form.ts";
import { validateTemplateMetadata } from "../shared/pod/volumes/ephemeral.ts";
import { inVersion } from "../shared/versions.ts";

export const resourceClaimTemplate = defineResource<ResourceClaimTemplate>({
  group: "resource.k8s.io",
  version: "v1",
  kind: "ResourceClaimTemplate",
  schema: "io.k8s.api.resource.v1.ResourceClaimTemplate",
  plural: "resourceclaimtemplates",
  scope: "Namespaced",
  metadataOnUpdate: ["whole", "change"],
  hasGeneration: false,
  returnsDeleted: true,

  defaults({ spec }) {
    if (spec?.spec) defaultClaimSpec(spec.spec);
  },

  validate({ spec }, errors) {
    const at = errors.at("spec");
    validateTemplateMetadata(spec?.metadata, at.at("metadata"));
    validateClaimSpec(spec?.spec, at.at("spec"));
  },

  validateUpdate({ spec }, previous, errors) {
    if (!semanticEqual(spec, previous.spec))
      errors.at("spec").invalid(internalForm(spec, "ResourceClaimTemplateSpec"), "field is immutable");
  },

  columns: [nameColumn, ageColumn],
});

export const resourceClaimTemplateV1beta2 = inVersion<ResourceClaimTemplate, ResourceClaimTemplate>(
  resourceClaimTemplate,
  "v1beta2",
  {
    schema: "io.k8s.api.resource.v1beta2.ResourceClaimTemplate",
    deprecation:
      "resource.k8s.io/v1beta2 ResourceClaimTemplate is deprecated in v1.36+, unavailable in v1.39+",
  },
);

export const resourceClaimTemplateV1beta1 = inVersion<ResourceClaimTemplateV1beta1, ResourceClaimTemplate>(
  resourceClaimTemplate,
  "v1beta1",
  {
    schema: "io.k8s.api.resource.v1beta1.ResourceClaimTemplate",
    deprecation:
      "resource.k8s.io/v1beta1 ResourceClaimTemplate is deprecated in v1.35+, unavailable in v1.38+",
    toHub: ({ spec, ...rest }) => ({ ...rest, spec: { ...spec, spec: claimSpecToHub(spec.spec) } }),
    fromHub: ({ spec, ...rest }) => ({ ...rest, spec: { ...spec, spec: claimSpecFromHub(spec.spec) } }),
    defaults({ spec }) {
      if (spec?.spec) defaultOldClaimSpec(spec.spec);
    },
  },
);
