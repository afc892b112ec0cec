/** Settings for pods, as keys with text or bytes. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import type { ConfigMap } from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { base64Bytes, checkImmutable, checkKeys, MAX_DATA_BYTES, textBytes } from "../shared/data-keys.ts";

export const configMap = defineResource<ConfigMap>({
  group: "",
  version: "v1",
  kind: "ConfigMap",
  schema: "io.k8s.api.core.v1.ConfigMap",
  plural: "configmaps",
  scope: "Namespaced",
  metadataOnUpdate: ["change", "whole"],
  shortNames: ["cm"],

  validate,
  validatesOnUpdate: false, // but after what may not change

  validateUpdate(object, previous, errors) {
    checkImmutable(object, previous, errors, ["data", "binaryData"]);
    validate(object, errors);
  },

  columns: [
    nameColumn,
    {
      name: "Data",
      value: ({ data = {}, binaryData = {} }) => Object.keys(data).length + Object.keys(binaryData).length,
    },
    ageColumn,
  ],
});

function validate({ data = {}, binaryData = {} }: ConfigMap, errors: FieldErrors): void {
  checkKeys(data, errors.at("data"));
  for (const key in data)
    if (Object.hasOwn(binaryData, key))
      errors.at("data").at([key]).invalid(key, "duplicate of key present in binaryData");
  checkKeys(binaryData, errors.at("binaryData"));
  // no field of its own: the whole object is too large, which upstream writes as `[]`
  if (textBytes(data) + base64Bytes(binaryData) > MAX_DATA_BYTES) errors.at([""]).tooLong(MAX_DATA_BYTES);
}
