/** Volumes of files from a ConfigMap or a Secret. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

import type { ConfigMapVolumeSource, KeyToPath, SecretVolumeSource } from "../../../../generated/core-v1.ts";
import { checkLocalPath, checkMode } from "./paths.ts";

export function validateSecret(source: SecretVolumeSource, errors: FieldErrors): void {
  if (!source.secretName) errors.at("secretName").required();
  validateModeAndItems(source, errors);
}

export function validateConfigMap(source: ConfigMapVolumeSource, errors: FieldErrors): void {
  if (!source.name) errors.at("name").required();
  validateModeAndItems(source, errors);
}

function validateModeAndItems(
  { defaultMode, items = [] }: Pick<SecretVolumeSource, "defaultMode" | "items">,
  errors: FieldErrors,
): void {
  checkMode(errors.at("defaultMode"), defaultMode);
  items.forEach((item, i) => validateKeyToPath(item, errors.at("items").at(i)));
}

export function validateKeyToPath({ key, path = "", mode }: KeyToPath, errors: FieldErrors): void {
  if (!key) errors.at("key").required();
  if (!path) errors.at("path").required();
  checkLocalPath(errors.at("path"), path);
  checkMode(errors.at("mode"), mode);
}
