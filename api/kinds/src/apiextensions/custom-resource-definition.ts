/** A kind that users bring: names, versions, and for each version a schema. */

import { definitionOfV1beta1 } from "../shared/crd/v1beta1.ts";
import { structuralOf } from "@knarr/structural/structural.ts";
import { typeDefaults } from "@knarr/structural/validate-defaults.ts";
import type { CustomResourceDefinition } from "../../generated/apiextensions-v1.ts";
import { defineResource } from "../resource.ts";
import { plainColumns } from "../shared/columns.ts";
import { validateApproval } from "../shared/crd/approval.ts";
import { formatWarnings } from "../shared/crd/format-warnings.ts";
import { schemasOf } from "../shared/crd/hoisted.ts";
import { forNew, forUpdate } from "../shared/crd/leniency.ts";
import { validateNames } from "../shared/crd/names.ts";
import { validateSpec } from "../shared/crd/spec-rules.ts";
import { storeVersion, validateStoredVersions } from "../shared/crd/stored-versions.ts";
import { defaultClientConfig } from "../shared/webhook-client-config.ts";

export const customResourceDefinition = defineResource<CustomResourceDefinition>({
  group: "apiextensions.k8s.io",
  version: "v1",
  kind: "CustomResourceDefinition",
  schema: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
  plural: "customresourcedefinitions",
  storedUnder: "apiextensions.k8s.io/customresourcedefinitions",
  onlyStored: { v1beta1: definitionOfV1beta1 },
  scope: "Cluster",
  freeFinalizers: true,
  shortNames: ["crd", "crds"],
  categories: ["api-extensions"],
  unconditionalUpdate: false,
  validatesOnUpdate: false,

  defaults(object) {
    const { spec } = object;
    if (!spec) return;
    const { names } = spec;
    if (names && !names.singular) names.singular = (names.kind ?? "").toLowerCase();
    if (names?.kind && !names.listKind) names.listKind = `${names.kind}List`;
    spec.conversion ??= { strategy: "None" };
    const config = spec.conversion.webhook?.clientConfig;
    if (config) defaultClientConfig(config);
    if (!object.status?.storedVersions?.length) storeVersion(object);
  },

  prepareForCreate(object) {
    object.status = {
      conditions: null as never,
      acceptedNames: { plural: "", kind: "" },
      storedVersions: [],
    };
    storeVersion(object);
    settleSchemas(object);
  },

  /** The server keeps the status; a version that is stored from now on is noted in it. */
  prepareForUpdate(object) {
    storeVersion(object);
    settleSchemas(object);
  },

  validate(object, errors) {
    const { metadata, spec } = object;
    const wanted = `${spec?.names?.plural ?? ""}.${spec?.group ?? ""}`;
    for (const field of ["generateName", "name"] as const) {
      const name = metadata[field];
      if (name && name !== wanted)
        errors.at("metadata").at(field).invalid(name, 'must be spec.names.plural+"."+spec.group');
    }
    validateSpec(spec ?? {}, forNew, errors.at("spec"));
    validateRest(object, undefined, errors);
  },

  validateUpdate(object, previous, errors) {
    const { spec } = object;
    const lenient = forUpdate(object, previous);
    const at = errors.at("spec");
    validateSpec(spec, lenient, at);
    if (lenient.isEstablished) {
      at.at("scope").immutable(spec.scope, previous.spec.scope);
      at.at("names").at("kind").immutable(spec.names.kind, previous.spec.names.kind);
    }
    at.at("group").immutable(spec.group, previous.spec.group);
    at.at("names").at("plural").immutable(spec.names.plural, previous.spec.names.plural);
    validateRest(object, previous, errors);
  },

  warnings: ({ spec }, previous) => formatWarnings(spec, previous?.spec),

  columns: plainColumns,

  subresources: {
    status: {
      validateUpdate({ status }, _previous, errors) {
        validateNames(status?.acceptedNames ?? {}, errors.at("status").at("acceptedNames"));
      },
    },
  },
});

function settleSchemas({ spec }: CustomResourceDefinition): void {
  for (const schema of schemasOf(spec ?? {})) typeDefaults(structuralOf(schema));
}

type Errors = Parameters<NonNullable<typeof customResourceDefinition.validate>>[1];

function validateRest(
  object: CustomResourceDefinition,
  previous: CustomResourceDefinition | undefined,
  errors: Errors,
): void {
  validateNames(object.status?.acceptedNames ?? {}, errors.at("status").at("acceptedNames"));
  validateStoredVersions(object, errors.at("status").at("storedVersions"));
  validateApproval(object, previous, errors);
  if (object.spec?.preserveUnknownFields && !previous?.spec.preserveUnknownFields)
    errors
      .at("spec")
      .at("preserveUnknownFields")
      .invalid(
        true,
        "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
      );
}
