/** Who serves the Ingresses that name it, and with which parameters. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Label, dns1123Subdomain, regexText } from "@knarr/machinery/names.ts";

import type { IngressClass, IngressClassParametersReference } from "../../generated/networking-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { requirePathSegment } from "../shared/path-segment.ts";
import { reject } from "../shared/values.ts";

/** The class that Ingresses get that name none. */
export const IS_DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class";
const MAX_CONTROLLER_BYTES = 250;
const SCOPES = ["Cluster", "Namespace"];

export function isDefaultIngressClass({ metadata }: IngressClass): boolean {
  return metadata.annotations?.[IS_DEFAULT_CLASS] === "true";
}

export const ingressClass = defineResource<IngressClass>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "IngressClass",
  schema: "io.k8s.api.networking.v1.IngressClass",
  plural: "ingressclasses",
  scope: "Cluster",
  hasGeneration: true,
  metadataOnUpdate: ["change", "whole"],

  defaults({ spec }) {
    if (spec?.parameters) spec.parameters.scope ??= "Cluster";
  },

  validate,
  validatesOnUpdate: false, // but after what may not change

  validateUpdate(object, previous, errors) {
    errors
      .at("spec")
      .at("controller")
      .immutable(object.spec?.controller ?? "", previous.spec?.controller ?? "");
    validate(object, errors);
  },

  columns: [
    {
      ...nameColumn,
      value: (object) => `${object.metadata.name}${isDefaultIngressClass(object) ? " (default)" : ""}`,
    },
    { name: "Controller", value: ({ spec }) => spec?.controller ?? "" },
    {
      name: "Parameters",
      value: ({ spec }) => (spec?.parameters ? parametersText(spec.parameters) : "<none>"),
    },
    ageColumn,
  ],
});

function parametersText({ apiGroup, kind, name }: IngressClassParametersReference): string {
  return `${kind}${apiGroup == null ? "" : `.${apiGroup}`}/${name}`;
}

function validate({ spec = {} }: IngressClass, errors: FieldErrors): void {
  const at = errors.at("spec");
  validateController(spec.controller ?? "", at.at("controller"));
  if (spec.parameters) validateParameters(spec.parameters, at.at("parameters"));
}

const PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const path = new RegExp(`^${PATH}$`);

/** `acme.io/foo` */
function validateController(controller: string, errors: FieldErrors): void {
  if (Buffer.byteLength(controller) > MAX_CONTROLLER_BYTES) errors.tooLong(MAX_CONTROLLER_BYTES);
  const slash = controller.indexOf("/");
  const [domain, rest] = [controller.slice(0, slash), controller.slice(slash + 1)];
  if (!controller) errors.required();
  else if (slash < 1 || !rest)
    errors.invalid(controller, 'must be a domain-prefixed path (such as "acme.io/foo")');
  else {
    reject(errors, domain, dns1123Subdomain(domain));
    if (!path.test(rest)) errors.invalid(rest, regexText("Invalid path", PATH));
  }
}

function validateParameters(parameters: IngressClassParametersReference, errors: FieldErrors): void {
  const { apiGroup, kind, name, scope, namespace } = parameters;
  if (apiGroup != null) reject(errors.at("apiGroup"), apiGroup, dns1123Subdomain(apiGroup));
  requirePathSegment(errors.at("kind"), kind);
  requirePathSegment(errors.at("name"), name);
  const at = errors.at("namespace");
  if (scope == null) errors.at("scope").required();
  else if (!SCOPES.includes(scope)) errors.at("scope").notSupported(scope, SCOPES);
  else if (scope === "Cluster") {
    if (namespace != null) at.forbidden("`parameters.scope` is set to 'Cluster'");
  } else if (namespace == null) at.required("`parameters.scope` is set to 'Namespace'");
  else reject(at, namespace, dns1123Label(namespace));
}
