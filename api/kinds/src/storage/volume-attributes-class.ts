/** Attributes of a volume that may change while it is in use (throughput, say), named by claims. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { equalJson } from "@knarr/machinery/patch/copy.ts";

import type { VolumeAttributesClass } from "../../generated/storage-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { validateDriver, validateParameters } from "../shared/storage-parameters.ts";
import { inVersion } from "../shared/versions.ts";

export const volumeAttributesClass = defineResource<VolumeAttributesClass>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "VolumeAttributesClass",
  schema: "io.k8s.api.storage.v1.VolumeAttributesClass",
  plural: "volumeattributesclasses",
  shortNames: ["vac"],
  scope: "Cluster",
  hasGeneration: false,
  returnsDeleted: true,
  metadataOnUpdate: ["change", "whole"],

  validate,
  validatesOnUpdate: false, // but after what may not change

  validateUpdate(object, previous, errors) {
    if (object.driverName !== previous.driverName)
      errors.at("driverName").forbidden("updates to driverName are forbidden.");
    if (!equalJson(object.parameters, previous.parameters))
      errors.at("parameters").forbidden("updates to parameters are forbidden.");
    validate(object, errors);
  },

  columns: [nameColumn, { name: "DriverName", value: ({ driverName }) => driverName }, ageColumn],
});

export const volumeAttributesClassV1beta1 = inVersion<VolumeAttributesClass, VolumeAttributesClass>(
  volumeAttributesClass,
  "v1beta1",
  {
    schema: "io.k8s.api.storage.v1beta1.VolumeAttributesClass",
    deprecation:
      "storage.k8s.io/v1beta1 VolumeAttributesClass is deprecated in v1.34+, unavailable in v1.37+; use storage.k8s.io/v1 VolumeAttributesClass",
  },
);

function validate({ driverName, parameters }: VolumeAttributesClass, errors: FieldErrors): void {
  validateDriver(driverName, errors.at("driverName"));
  validateParameters(parameters, errors.at("parameters"), { mayBeEmpty: false });
}
