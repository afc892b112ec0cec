/** Devices that pods ask for by name, and those they were given. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { ResourceClaim } from "../../generated/resource-v1.ts";
import type { ResourceClaim as ResourceClaimV1beta1 } from "../../generated/resource-v1beta1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { forgetDeallocated, validateClaimStatus } from "../shared/dra/allocation.ts";
import { defaultClaimSpec, validateClaimSpec } from "../shared/dra/requests.ts";
import { claimSpecFromHub, claimSpecToHub, defaultOldClaimSpec } from "../shared/dra/v1beta1.ts";
import { internalForm } from "../shared/internal/form.ts";
import { keepMetadata } from "../shared/status.ts";
import { inVersion } from "../shared/versions.ts";

export const resourceClaim = defineResource<ResourceClaim>({
  group: "resource.k8s.io",
  version: "v1",
  kind: "ResourceClaim",
  schema: "io.k8s.api.resource.v1.ResourceClaim",
  plural: "resourceclaims",
  scope: "Namespaced",
  metadataOnUpdate: ["whole", "change"],
  hasGeneration: false,
  returnsDeleted: true,

  defaults({ spec, status }) {
    if (spec) defaultClaimSpec(spec);
    defaultStatus(status);
  },

  validate: ({ spec }, errors) => validateClaimSpec(spec, errors.at("spec")),
  validatesOnUpdate: false,
  /** Of what nobody may change, only that is said. */
  validateUpdate({ spec }, previous, errors: FieldErrors) {
    if (!semanticEqual(spec, previous.spec))
      errors.at("spec").invalid(internalForm(spec, "ResourceClaimSpec"), "field is immutable");
  },

  columns: [nameColumn, { name: "State", value: stateOf }, ageColumn],

  subresources: {
    status: {
      prepareForUpdate(object, previous) {
        keepMetadata(object, previous);
        forgetDeallocated(object, previous);
      },
      validateUpdate: (object, previous, errors) =>
        validateClaimStatus(object, previous, errors.at("status")),
    },
  },
});

export const resourceClaimV1beta2 = inVersion<ResourceClaim, ResourceClaim>(resourceClaim, "v1beta2", {
  schema: "io.k8s.api.resource.v1beta2.ResourceClaim",
  deprecation: "resource.k8s.io/v1beta2 ResourceClaim is deprecated in v1.36+, unavailable in v1.39+",
});

export const resourceClaimV1beta1 = inVersion<ResourceClaimV1beta1, ResourceClaim>(resourceClaim, "v1beta1", {
  schema: "io.k8s.api.resource.v1beta1.ResourceClaim",
  deprecation: "resource.k8s.io/v1beta1 ResourceClaim is deprecated in v1.35+, unavailable in v1.38+",
  toHub: ({ spec, ...rest }) => ({ ...rest, spec: claimSpecToHub(spec) }),
  fromHub: ({ spec, ...rest }) => ({ ...rest, spec: claimSpecFromHub(spec) }),
  defaults({ spec, status }) {
    if (spec) defaultOldClaimSpec(spec);
    defaultStatus(status);
  },
});

function defaultStatus(status: ResourceClaim["status"]): void {
  for (const { tolerations } of status?.allocation?.devices?.results ?? [])
    for (const toleration of tolerations ?? []) toleration.operator ||= "Equal";
}

function stateOf({ metadata, status }: ResourceClaim): string {
  const isGoing = metadata.deletionTimestamp !== undefined;
  const states = isGoing ? ["deleted"] : [];
  if (status?.allocation) {
    states.push("allocated");
    if (status.reservedFor?.length) states.push("reserved");
  } else if (!isGoing) states.push("pending");
  return states.join(",");
}
