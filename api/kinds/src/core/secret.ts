/** What pods must know and others must not. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import type { Secret } from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { base64Bytes, checkImmutable, checkKeys, MAX_DATA_BYTES } from "../shared/data-keys.ts";
import { jsonObjectProblem } from "../shared/json-object.ts";
import { keyPairProblem } from "../shared/key-pair.ts";

const SERVICE_ACCOUNT_NAME = "kubernetes.io/service-account.name";
const SERVICE_ACCOUNT_TOKEN = "kubernetes.io/service-account-token";

export const secret = defineResource<Secret>({
  group: "",
  version: "v1",
  kind: "Secret",
  schema: "io.k8s.api.core.v1.Secret",
  plural: "secrets",
  scope: "Namespaced",
  metadataOnUpdate: ["change", "whole"],

  defaults(object) {
    object.type ||= "Opaque";
    takeTexts(object);
  },

  prepareForUpdate(object, previous) {
    if (!object.type && previous.type) object.type = previous.type;
  },

  validate,
  validatesOnUpdate: false, // but after what may not change

  validateUpdate(object, previous, errors) {
    errors.at("type").immutable(object.type ?? "", previous.type ?? "");
    checkImmutable(object, previous, errors, ["data"]);
    validate(object, errors);
  },

  warnings({ type, data = {} }) {
    if (type !== "kubernetes.io/tls") return [];
    const problem = keyPairProblem(bytesOf(data["tls.crt"]), bytesOf(data["tls.key"]));
    return problem === undefined ? [] : [problem];
  },

  selectableFields: { type: ({ type }) => type ?? "" },

  columns: [
    nameColumn,
    { name: "Type", value: ({ type }) => type ?? "" },
    { name: "Data", value: ({ data = {} }) => Object.keys(data).length },
    ageColumn,
  ],
});

function validate(object: Secret, errors: FieldErrors): void {
  checkKeys(object.data, errors.at("data"));
  if (base64Bytes(object.data) > MAX_DATA_BYTES) errors.at("data").tooLong(MAX_DATA_BYTES);
  contents[object.type ?? ""]?.(object, errors);
}

/** `stringData` is for writing only: it goes over `data` and is never seen again. */
function takeTexts(object: Secret): void {
  if (!object.stringData) return;
  const data = { ...object.data };
  for (const [key, text] of Object.entries(object.stringData))
    data[key] = Buffer.from(text).toString("base64");
  if (Object.keys(data).length) object.data = data;
  delete object.stringData;
}

function bytesOf(base64 = ""): Buffer {
  return Buffer.from(base64, "base64");
}

/** What must be in a Secret of a type that Kubernetes knows. */
const contents: Readonly<Record<string, (object: Secret, errors: FieldErrors) => void>> = {
  [SERVICE_ACCOUNT_TOKEN]({ metadata }, errors) {
    if (!metadata.annotations?.[SERVICE_ACCOUNT_NAME])
      errors.at("metadata").at("annotations").at([SERVICE_ACCOUNT_NAME]).required();
  },
  "kubernetes.io/dockercfg": (object, errors) => checkJson(object, errors, ".dockercfg"),
  "kubernetes.io/dockerconfigjson": (object, errors) => checkJson(object, errors, ".dockerconfigjson"),
  "kubernetes.io/basic-auth"({ data = {} }, errors) {
    if ("username" in data || "password" in data) return;
    for (const key of ["username", "password"]) errors.at("data").at([key]).required();
  },
  "kubernetes.io/ssh-auth"({ data = {} }, errors) {
    if (!data["ssh-privatekey"]) errors.at("data").at(["ssh-privatekey"]).required();
  },
  "kubernetes.io/tls"({ data = {} }, errors) {
    for (const key of ["tls.crt", "tls.key"]) if (!(key in data)) errors.at("data").at([key]).required();
  },
};

function checkJson({ data = {} }: Secret, errors: FieldErrors, key: string): void {
  const at = errors.at("data").at([key]);
  const base64 = data[key];
  if (base64 === undefined) {
    at.required();
    return;
  }
  const problem = jsonObjectProblem(bytesOf(base64));
  if (problem !== undefined) at.invalid("<secret contents redacted>", problem);
}
