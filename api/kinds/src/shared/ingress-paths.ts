/** Where a path of an Ingress leads, and what a path may look like. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Label, dns1123Subdomain, portName, portNumber } from "@knarr/machinery/names.ts";

import type { TypedLocalObjectReference } from "../../generated/core-v1.ts";
import type {
  HTTPIngressPath,
  HTTPIngressRuleValue,
  IngressBackend,
  IngressServiceBackend,
} from "../../generated/networking-v1.ts";
import { requirePathSegment } from "./path-segment.ts";
import { reject } from "./values.ts";

const PATH_TYPES = ["Exact", "ImplementationSpecific", "Prefix"];
const badSequences = ["//", "/./", "/../", "%2f", "%2F"];
const badEndings = ["/..", "/."];

export function validatePaths({ paths }: HTTPIngressRuleValue, errors: FieldErrors): void {
  if (!paths?.length) errors.at("paths").required();
  (paths ?? []).forEach((path, i) => validatePath(path, errors.at("paths").at(i)));
}

function validatePath({ path = "", pathType, backend }: HTTPIngressPath, errors: FieldErrors): void {
  if (pathType == null) {
    errors.at("pathType").required("pathType must be specified");
    return;
  }
  const at = errors.at("path");
  if (pathType === "Exact" || pathType === "Prefix") {
    checkAbsolute(at, path);
    for (const bad of badSequences) if (path.includes(bad)) at.invalid(path, `must not contain '${bad}'`);
    for (const bad of badEndings) if (path.endsWith(bad)) at.invalid(path, `cannot end with '${bad}'`);
  } else if (pathType === "ImplementationSpecific") {
    if (path) checkAbsolute(at, path);
  } else errors.at("pathType").notSupported(pathType, PATH_TYPES);
  validateBackend(backend ?? {}, errors.at("backend"));
}

function checkAbsolute(errors: FieldErrors, path: string): void {
  if (!path.startsWith("/")) errors.invalid(path, "must be an absolute path");
}

export function validateBackend({ resource, service }: IngressBackend, errors: FieldErrors): void {
  if (resource && service) errors.invalid("", "cannot set both resource and service backends");
  else if (resource) validateReference(resource, errors.at("resource"));
  else if (service) validateService(service, errors);
  else errors.invalid("", "resource or service backend is required");
}

function validateReference({ apiGroup, kind, name }: TypedLocalObjectReference, errors: FieldErrors): void {
  if (apiGroup != null) reject(errors.at("apiGroup"), apiGroup, dns1123Subdomain(apiGroup));
  requirePathSegment(errors.at("kind"), kind);
  requirePathSegment(errors.at("name"), name);
}

/** Findings about both ways to name a port stand at the backend. */
function validateService({ name, port = {} }: IngressServiceBackend, errors: FieldErrors): void {
  const at = errors.at("service");
  if (!name) at.at("name").required();
  else reject(at.at("name"), name, dns1123Label(name));
  if (port.name && port.number) errors.invalid("", "cannot set both port name & port number");
  else if (port.name) reject(at.at("port").at("name"), port.name, portName(port.name));
  else if (port.number) reject(at.at("port").at("number"), port.number, portNumber(port.number));
  else errors.required("port name or number is required");
}
