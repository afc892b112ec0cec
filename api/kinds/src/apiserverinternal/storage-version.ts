/** In which versions the servers of a cluster store a resource and can read it, as each says of itself. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1035Label, dns1123Subdomain, qualifiedName, regexText } from "@knarr/machinery/names.ts";

import type {
  ServerStorageVersion,
  StorageVersion,
  StorageVersionCondition,
  StorageVersionStatus,
} from "../../generated/apiserverinternal-v1alpha1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { keepMetadata } from "../shared/status.ts";
import { reject } from "../shared/values.ts";

export const storageVersion = defineResource<StorageVersion>({
  group: "internal.apiserver.k8s.io",
  version: "v1alpha1",
  kind: "StorageVersion",
  schema: "io.k8s.api.apiserverinternal.v1alpha1.StorageVersion",
  plural: "storageversions",
  scope: "Cluster",
  hasGeneration: false,
  unconditionalUpdate: false,
  // Its spec is empty: nothing of an update is looked at beyond what every object's metadata must be.
  metadataOnUpdate: [],
  validatesOnUpdate: false,
  name: nameProblems,

  columns: [
    nameColumn,
    { name: "CommonEncodingVersion", value: ({ status }) => status?.commonEncodingVersion ?? "<unset>" },
    { name: "StorageVersions", value: ({ status }) => versionsText(status?.storageVersions ?? []) },
    ageColumn,
  ],

  subresources: {
    status: {
      prepareForUpdate: keepMetadata,
      validateUpdate: ({ status }, _previous, errors) => validateStatus(status ?? {}, errors.at("status")),
    },
  },
});

/** `apps.deployments` */
function nameProblems(name: string): readonly string[] {
  const dot = name.lastIndexOf(".");
  if (dot < 0) return ["name must be in the form of <group>.<resource>"];
  return [
    ...dns1123Subdomain(name.slice(0, dot)).map((problem) => `the group segment ${problem}`),
    ...dns1035Label(name.slice(dot + 1)).map((problem) => `the resource segment ${problem}`),
  ];
}

function validateStatus(status: StorageVersionStatus, errors: FieldErrors): void {
  const { storageVersions = [], commonEncodingVersion: said, conditions = [] } = status;
  const ids = new Set<string>();
  storageVersions.forEach((server, i) => {
    const at = errors.at("storageVersions").at(i);
    const id = server.apiServerID ?? "";
    if (ids.has(id)) at.at("apiServerID").duplicate(id);
    ids.add(id);
    validateServer(server, at);
  });
  validateCommon(said, storageVersions, errors.at("commonEncodingVersion"));
  validateConditions(conditions, errors);
}

function validateServer(server: ServerStorageVersion, errors: FieldErrors): void {
  const { apiServerID: id = "", encodingVersion = "", servedVersions = [] } = server;
  const decodable = server.decodableVersions ?? [];
  reject(errors.at("apiServerID"), id, dns1123Subdomain(id));
  checkApiVersion(errors.at("encodingVersion"), encodingVersion);
  decodable.forEach((version, i) => checkApiVersion(errors.at("decodableVersions").at(i), version));
  if (!decodable.includes(encodingVersion))
    errors
      .at("decodableVersions")
      .invalid(
        server.decodableVersions ?? null,
        `decodableVersions must include encodingVersion ${encodingVersion}`,
      );
  servedVersions.forEach((version, i) => {
    const at = errors.at("servedVersions").at(i);
    checkApiVersion(at, version);
    if (!decodable.includes(version))
      at.invalid(
        version,
        `individual served version : ${version} must be included in decodableVersions : [${decodable.join(" ")}]`,
      );
  });
}

const LABEL = regexText(
  "a DNS-1035 label, which must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  "[a-z]([-a-z0-9]*[a-z0-9])?",
  "my-name",
  "abc-123",
);

/** `apps/v1` or `v1`; one finding of all that is wrong. */
function checkApiVersion(errors: FieldErrors, apiVersion: string): void {
  const parts = apiVersion.split("/");
  const version = parts.at(-1)!;
  const problems: string[] = [];
  if (parts.length > 2)
    problems.push(
      `an apiVersion is ${LABEL} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyVersion')`,
    );
  else {
    if (parts.length === 2) problems.push(...partProblems("group", parts[0]!, dns1123Subdomain));
    problems.push(...partProblems("version", version, dns1035Label));
  }
  if (problems.length) errors.invalid(apiVersion, problems.join(","));
}

function partProblems(what: string, text: string, rule: (text: string) => readonly string[]): string[] {
  const problems = text === "" ? ["must be non-empty"] : rule(text);
  return problems.map((problem) => `${what} part: ${problem}`);
}

/** What all servers encode in, if they do, must be what the object says. */
function validateCommon(
  said: string | undefined,
  servers: readonly ServerStorageVersion[],
  errors: FieldErrors,
): void {
  const versions = new Set(servers.map(({ encodingVersion = "" }) => encodingVersion));
  const [common] = versions.size === 1 ? versions : [];
  if (common === said) return;
  if (common === undefined)
    errors.invalid(
      said,
      "should be nil if servers do not agree on the same encoding version, or if there is no server reporting the supported versions yet",
    );
  else if (said === undefined) errors.invalid(null, `the common encoding version is ${common}`);
  else errors.invalid(said, `the actual common encoding version is ${common}`);
}

/** Upstream leaves the name of the list out of the path. */
function validateConditions(conditions: readonly StorageVersionCondition[], errors: FieldErrors): void {
  const seen = new Map<string, number>();
  conditions.forEach(({ type = "", status = "", reason, message }, i) => {
    const at = errors.at(i);
    const other = seen.get(type);
    if (other !== undefined)
      at.at("type").invalid(
        type,
        `the type of the condition is not unique, it also appears in conditions[${other}]`,
      );
    seen.set(type, i);
    reject(at.at("type"), type, qualifiedName(type));
    reject(at.at("status"), status, qualifiedName(status));
    if (!reason) at.at("reason").required();
    if (!message) at.at("message").required();
  });
}

const SHOWN = 3;

function versionsText(servers: readonly ServerStorageVersion[]): string {
  const shown = servers
    .slice(0, SHOWN)
    .map(({ apiServerID, encodingVersion }) => `${apiServerID}=${encodingVersion}`)
    .join(",");
  if (servers.length > SHOWN) return `${shown} + ${servers.length - SHOWN} more...`;
  return shown;
}
