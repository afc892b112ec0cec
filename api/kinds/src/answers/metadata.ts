/** The rules of metadata that recorded answers touch. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { labelValue, nameIsDnsSubdomain, qualifiedName } from "@knarr/machinery/names.ts";
import type { ObjectMeta } from "@knarr/machinery/object.ts";

import type { Resource } from "../resource.ts";

export function validateMetadata(
  metadata: ObjectMeta,
  errors: FieldErrors,
  { name: nameRule = nameIsDnsSubdomain }: Resource<any>,
): void {
  const { name, generateName } = metadata;
  if (generateName)
    for (const problem of nameRule(generateName, { generateName: true }))
      errors.at("generateName").invalid(generateName, problem);
  if (!name && !generateName) errors.at("name").required("name or generateName is required");
  else if (name)
    for (const problem of nameRule(name, { generateName: false })) errors.at("name").invalid(name, problem);
  validateLabelsAndFinalizers(metadata, errors);
}

export function validateMetadataUpdate(
  metadata: ObjectMeta,
  _previous: ObjectMeta,
  errors: FieldErrors,
): void {
  validateLabelsAndFinalizers(metadata, errors);
}

function validateLabelsAndFinalizers(
  { labels = {}, annotations = {}, finalizers = [] }: ObjectMeta,
  errors: FieldErrors,
): void {
  for (const [key, value] of Object.entries(labels)) {
    for (const problem of qualifiedName(key)) errors.at("labels").invalid(key, problem);
    for (const problem of labelValue(value)) errors.at("labels").invalid(value, problem);
  }
  for (const key of Object.keys(annotations))
    for (const problem of qualifiedName(key.toLowerCase())) errors.at("annotations").invalid(key, problem);
  finalizers.forEach((finalizer, i) => {
    for (const problem of qualifiedName(finalizer)) errors.at("finalizers").at(i).invalid(finalizer, problem);
  });
}
