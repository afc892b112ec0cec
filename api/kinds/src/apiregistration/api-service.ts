/**
 * Who serves a version of a group: this server ("local", without `service`), or a server behind it that requests are passed on to. See
 * server/apiserver/src/aggregation.
 */

import { dns1035Label, dns1123Subdomain, nameIsPathSegment, portNumber } from "@knarr/machinery/names.ts";
import { quote } from "@knarr/machinery/quote.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import type { APIService, APIServiceCondition } from "../../generated/apiregistration-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { keepMetadata } from "../shared/status.ts";

type Spec = NonNullable<APIService["spec"]>;

const HIGHEST_GROUP_PRIORITY = 20_000;
const HIGHEST_VERSION_PRIORITY = 1000;
const STATUSES = ["True", "False", "Unknown"];

export const apiService = defineResource<APIService>({
  group: "apiregistration.k8s.io",
  version: "v1",
  kind: "APIService",
  schema: "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService",
  plural: "apiservices",
  storedUnder: "apiregistration.k8s.io/apiservices",
  scope: "Cluster",
  freeFinalizers: true,
  categories: ["api-extensions"],
  hasGeneration: false,
  unconditionalUpdate: false,
  metadataOnUpdate: ["change", "whole"],
  name: nameIsPathSegment,

  defaults({ spec }) {
    if (spec?.service) spec.service.port ??= 443;
  },

  prepareForCreate(object) {
    if (!object.spec?.service)
      object.status = { conditions: [localIsAvailable(object.metadata.creationTimestamp!)] };
  },

  validate({ metadata, spec = {} as Spec }, errors) {
    const { group = "", version = "" } = spec;
    validateName(metadata, `${version}.${group}`, errors.at("metadata"));
    const at = errors.at("spec");
    if (group === "" && version !== "v1")
      at.at("group").required("only v1 may have an empty group and it better be legacy kube");
    if (group !== "") for (const problem of dns1123Subdomain(group)) at.at("group").invalid(group, problem);
    for (const problem of dns1035Label(version)) at.at("version").invalid(version, problem);
    validatePriority(spec.groupPriorityMinimum, HIGHEST_GROUP_PRIORITY, at.at("groupPriorityMinimum"));
    validatePriority(spec.versionPriority, HIGHEST_VERSION_PRIORITY, at.at("versionPriority"));
    if (spec.service) validateRemote(spec, at);
    else validateLocal(spec, at);
  },

  subresources: {
    status: {
      prepareForUpdate: keepMetadata,
      validateUpdate({ status }, _, errors) {
        for (const [i, condition] of (status?.conditions ?? []).entries())
          if (!STATUSES.includes(condition.status))
            errors.at("status").at("conditions").at(i).at("status").notSupported(condition.status, STATUSES);
      },
    },
  },

  columns: [
    nameColumn,
    {
      name: "Service",
      value: ({ spec }) => (spec?.service ? `${spec.service.namespace}/${spec.service.name}` : "Local"),
    },
    { name: "Available", value: availability },
    ageColumn,
  ],
});

/** What is said of a local one from its first moment, and always. */
export function localIsAvailable(now: string): APIServiceCondition {
  return {
    type: "Available",
    status: "True",
    lastTransitionTime: now,
    reason: "Local",
    message: "Local APIServices are always available",
  };
}

/** The name is no choice: `<version>.<group>`. */
function validateName(
  { name = "", generateName = "" }: APIService["metadata"],
  wanted: string,
  errors: FieldErrors,
): void {
  const why = `must be \`spec.version+"."+spec.group\`: ${quote(wanted)}`;
  for (const [field, value] of Object.entries({ generateName, name })) {
    const isPath = nameIsPathSegment(value, { generateName: field === "generateName" }).length === 0;
    if (value !== "" && isPath && value !== wanted) errors.at(field).invalid(value, why);
  }
}

function validatePriority(value = 0, highest: number, errors: FieldErrors): void {
  if (value <= 0 || value > highest) errors.invalid(value, `must be positive and less than ${highest}`);
}

function validateLocal({ caBundle = "", insecureSkipTLSVerify }: Spec, errors: FieldErrors): void {
  if (caBundle !== "") {
    const bytes = Buffer.byteLength(caBundle, "base64");
    errors.at("caBundle").invalid(`${bytes} bytes`, "local APIServices may not have a caBundle");
  }
  if (insecureSkipTLSVerify)
    errors.at("insecureSkipTLSVerify").invalid(true, "local APIServices may not have insecureSkipTLSVerify");
}

function validateRemote({ service = {}, caBundle, insecureSkipTLSVerify }: Spec, errors: FieldErrors): void {
  const at = errors.at("service");
  const { namespace, name, port = 0 } = service;
  if (!namespace) at.at("namespace").required();
  if (!name) at.at("name").required();
  const problems = portNumber(port);
  if (problems.length > 0) at.at("port").invalid(port, `port is not valid: ${problems.join(", ")}`);
  if (insecureSkipTLSVerify && caBundle)
    errors.at("insecureSkipTLSVerify").invalid(true, "may not be true if caBundle is present");
}

function availability({ status }: APIService): string {
  const condition = status?.conditions?.find(({ type }) => type === "Available");
  if (!condition) return "Unknown";
  return condition.status !== "True" && condition.reason
    ? `${condition.status} (${condition.reason})`
    : condition.status;
}
