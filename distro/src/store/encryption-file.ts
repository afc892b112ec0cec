/**
 * Upstream's configuration of encryption at rest as a file: what may stand there, and upstream's rules for it. What is done with its keys is
 * the store's (`@knarr/store/encryption/configuration.ts`).
 */

import {
  DURATION,
  fields,
  listOf,
  readConfigFile,
  refuseFindings,
  TEXT,
  TEXTS,
  typedConfig,
  type ConfigFormat,
} from "@knarr/machinery/config-file.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import type {
  EncryptionConfiguration,
  Key,
  Provider,
  ProviderSettings,
} from "@knarr/store/encryption/configuration.ts";
import { providers } from "@knarr/store/encryption/foreign-keys.ts";

const KEYS = fields({ keys: listOf(fields({ name: TEXT, secret: { type: "string", format: "byte" } })) });

export const ENCRYPTION: ConfigFormat = {
  kinds: ["apiserver.config.k8s.io/v1 EncryptionConfiguration", "v1 EncryptionConfig"],
  isSecret: true,
  schema: fields({
    resources: listOf(
      fields({
        resources: TEXTS,
        providers: listOf(
          fields({
            ...{ aesgcm: KEYS, aescbc: KEYS, secretbox: KEYS, identity: fields({}) },
            kms: fields({
              ...{ apiVersion: TEXT, name: TEXT, endpoint: TEXT, timeout: DURATION },
              cachesize: { type: "integer", format: "int32" },
            }),
          }),
        ),
      }),
    ),
  }),
};

/** Throws an Error with everything that is wrong with the file; keys are not repeated in it. */
export function readEncryptionFile(path: string): EncryptionConfiguration {
  const place = `the encryption configuration ${path}`;
  const errors = new FieldErrors();
  const value = readConfigFile(path, place);
  const configuration = typedConfig<EncryptionConfiguration>(value, ENCRYPTION, errors);
  if (errors.list.length === 0) validate(configuration, errors);
  refuseFindings(errors, place);
  return configuration;
}

function validate({ resources = [] }: EncryptionConfiguration, errors: FieldErrors): void {
  const at = errors.at("resources");
  if (resources.length === 0) at.required("at least one resources is required");
  resources.forEach(({ resources: names = [], providers: configured = [] }, i) => {
    const [namesAt, providersAt] = [at.at(i).at("resources"), at.at(i).at("providers")];
    if (names.length === 0) namesAt.required("at least one is required");
    names.forEach((name, j) => validateName(name, namesAt.at(j)));
    validateOverlap(names, namesAt);
    if (configured.length === 0) providersAt.required("at least one is required");
    configured.forEach((provider, j) => validateProvider(provider, providersAt.at(j)));
  });
}

const NO_OBJECTS = ["apiserveripinfo", "serviceipallocations", "servicenodeportallocations"];

function validateName(name: string, errors: FieldErrors): void {
  const [resource, group] = partsOf(name);
  if (/[A-Z]/.test(name)) errors.invalid(name, "names of resources have no capitals");
  else if (name === "*") errors.invalid(name, 'use "*.*" for everything');
  else if (NO_OBJECTS.includes(name)) errors.invalid(name, "that is no resource of the API");
  else if (group === "events.k8s.io")
    errors.invalid(name, 'events are stored in the core group: use "events"');
  else if (group === "extensions") errors.invalid(name, "use the group that it is stored in");
  else if (group === "*" && resource !== "*") errors.invalid(name, "no resource is encrypted across groups");
}

function validateOverlap(names: readonly string[], errors: FieldErrors): void {
  const isTwice = new Set(names).size < names.length;
  if (isTwice) errors.invalid(names, "a resource stands there twice");
  const groups = names.map((name) => partsOf(name)[1]);
  const coversOther = ([resource, group]: readonly [string, string]): boolean =>
    resource === "*" && (group === "*" ? names.length : groups.filter((one) => one === group).length) > 1;
  if (!isTwice && names.some((name) => coversOther(partsOf(name))))
    errors.invalid(names, "a wildcard covers another of them");
}

/** `deployments.apps`; the group of what has none is "". */
function partsOf(name: string): readonly [resource: string, group: string] {
  const dot = name.indexOf(".");
  return dot < 0 ? [name, ""] : [name.slice(0, dot), name.slice(dot + 1)];
}

function validateProvider(provider: Provider, errors: FieldErrors): void {
  const names = Object.keys(provider);
  if (names.length !== 1)
    return errors.wrong(`${names.join(", ") || "nothing"}: wants one of ${PROVIDERS.join(", ")}`);
  const [name] = names as [string];
  if (name === "kms") return validateService(provider[name]!, errors.at(name));
  const lengths = providers[name]?.lengths;
  if (!lengths) return; // identity
  const at = errors.at(name).at("keys");
  const { keys = [] } = provider[name]!;
  if (keys.length === 0) at.required("at least one is required");
  keys.forEach((key, i) => validateKey(key, lengths, at.at(i)));
}
const PROVIDERS = [...Object.keys(providers), "kms", "identity"];

function validateKey({ name, secret }: Key, lengths: readonly number[], errors: FieldErrors): void {
  if (!name) errors.at("name").required();
  if (!secret) return errors.at("secret").required();
  const { length } = Buffer.from(secret, "base64");
  if (!lengths.includes(length))
    errors.at("secret").wrong(`<omitted>: has ${length} bytes, wants ${lengths.join(" or ")}`);
}

/** Not asked here; but a file that upstream refuses is a mistake. */
function validateService({ name, endpoint }: ProviderSettings, errors: FieldErrors): void {
  if (!name) errors.at("name").required();
  if (!endpoint) errors.at("endpoint").required();
  else if (!endpoint.startsWith("unix:")) errors.at("endpoint").invalid(endpoint, "wants unix:///…");
}
