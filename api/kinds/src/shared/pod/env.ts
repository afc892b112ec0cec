/** Environment variables of containers: values, references, and whole ConfigMaps or Secrets. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { configMapKey, dns1123Label, dns1123Subdomain, relaxedEnvVarName } from "@knarr/machinery/names.ts";

import type {
  ConfigMapKeySelector,
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  FileKeySelector,
  PodSpec,
} from "../../../generated/core-v1.ts";
import { reject } from "../values.ts";
import { eachContainer } from "./context.ts";
import { validateFieldRef, validateResourceFieldRef } from "./volumes/downward-api.ts";
import { backstepProblems } from "./volumes/paths.ts";

const fieldsForVariables = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];

const sources: { readonly [field in keyof EnvVarSource]-?: (source: any, errors: FieldErrors) => void } = {
  fieldRef: (source, errors) => validateFieldRef(source, fieldsForVariables, errors),
  resourceFieldRef: (source, errors) => validateResourceFieldRef(source, errors, { needsContainer: false }),
  configMapKeyRef: validateKeyRef,
  secretKeyRef: validateKeyRef,
  fileKeyRef: validateFileKeyRef,
};

export function validateEnv(variables: readonly EnvVar[], errors: FieldErrors): void {
  variables.forEach((variable, i) => {
    const at = errors.at(i);
    if (!variable.name) at.at("name").required();
    else reject(at.at("name"), variable.name, relaxedEnvVarName(variable.name));
    if (variable.valueFrom) validateValueFrom(variable, variable.valueFrom, at.at("valueFrom"));
  });
}

function validateValueFrom({ value }: EnvVar, from: EnvVarSource, errors: FieldErrors): void {
  let count = 0;
  for (const [field, validate] of Object.entries(sources)) {
    const source = from[field as keyof EnvVarSource];
    if (source == null) continue;
    count++;
    validate(source, errors.at(field));
  }
  if (count === 0)
    errors.invalid(
      "",
      "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
    );
  else if (value) errors.invalid("", "may not be specified when `value` is not empty");
  else if (count > 1) errors.invalid("", "may not have more than one field specified at a time");
}

function validateKeyRef({ name = "", key }: ConfigMapKeySelector, errors: FieldErrors): void {
  reject(errors.at("name"), name, dns1123Subdomain(name));
  if (!key) errors.at("key").required();
  else reject(errors.at("key"), key, configMapKey(key));
}

function validateFileKeyRef({ key, volumeName, path }: FileKeySelector, errors: FieldErrors): void {
  if (!key) errors.at("key").required();
  else reject(errors.at("key"), key, relaxedEnvVarName(key));
  if (!volumeName) errors.at("volumeName").required();
  else reject(errors.at("volumeName"), volumeName, dns1123Label(volumeName));
  if (!path) errors.at("path").required();
  else reject(errors.at("path"), path, backstepProblems(path));
}

export function validateEnvFrom(sources: readonly EnvFromSource[], errors: FieldErrors): void {
  sources.forEach(({ prefix, configMapRef, secretRef }, i) => {
    const at = errors.at(i);
    if (prefix) reject(at.at("prefix"), prefix, relaxedEnvVarName(prefix));
    if (configMapRef) validateName(configMapRef.name, at.at("configMapRef"));
    if (secretRef) validateName(secretRef.name, at.at("secretRef"));
    if (!configMapRef && !secretRef) errors.invalid("", "must specify one of: `configMapRef` or `secretRef`");
    else if (configMapRef && secretRef)
      errors.invalid("", "may not have more than one field specified at a time");
  });
}

function validateName(name: string | undefined, errors: FieldErrors): void {
  if (!name) errors.at("name").required();
  else reject(errors.at("name"), name, dns1123Subdomain(name));
}

/** Variables from files need the volume that the file is in, an emptyDir. */
export function validateFileKeyVolumes(spec: PodSpec, errors: FieldErrors): void {
  eachContainer(spec, errors, ({ env = [] }, at) =>
    env.forEach(({ valueFrom }, i) => {
      const file = valueFrom?.fileKeyRef;
      if (!file) return;
      const volume = spec.volumes?.find(({ name }) => name === file.volumeName);
      if (volume?.emptyDir) return;
      const place = at.at("env").at(i).at("valueFrom").at("fileKeyRef").at("volumeName");
      if (volume) place.invalid(file.volumeName, "referenced volume must be of type emptyDir");
      else place.notFound(file.volumeName ?? "");
    }),
  );
}
