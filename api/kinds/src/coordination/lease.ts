/** A claim that runs out unless renewed: node heartbeats and leader election. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import type { Lease } from "../../generated/coordination-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { checkNotNegative } from "../shared/values.ts";

export const lease = defineResource<Lease>({
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  schema: "io.k8s.api.coordination.v1.Lease",
  plural: "leases",
  scope: "Namespaced",
  freeFinalizers: true,
  hasGeneration: false,
  createOnUpdate: true,
  unconditionalUpdate: false,

  prepareForCreate: dropStrategy,
  prepareForUpdate: dropStrategy,

  validate({ spec = {} }, errors) {
    const { leaseDurationSeconds, leaseTransitions } = spec;
    const at: FieldErrors = errors.at("spec");
    if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0)
      at.at("leaseDurationSeconds").invalid(leaseDurationSeconds, "must be greater than 0");
    checkNotNegative(at.at("leaseTransitions"), leaseTransitions);
  },

  columns: [nameColumn, { name: "Holder", value: ({ spec }) => spec?.holderIdentity ?? "" }, ageColumn],
});

/** Coordinated leader election (KEP-4355) is off by default in v1.36: its fields are not kept. */
function dropStrategy({ spec }: Lease): void {
  delete spec?.strategy;
  delete spec?.preferredHolder;
}
