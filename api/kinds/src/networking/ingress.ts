/** How requests from outside find a Service: by host and path. */

import { ipWarnings, parseIp } from "@knarr/machinery/addresses.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Subdomain, wildcardDns1123Subdomain } from "@knarr/machinery/names.ts";

import type {
  Ingress,
  IngressLoadBalancerStatus,
  IngressRule,
  IngressSpec,
} from "../../generated/networking-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { validateBackend, validatePaths } from "../shared/ingress-paths.ts";
import { checkAddress } from "../shared/ip.ts";
import { reject } from "../shared/values.ts";

/** The older way to name a class. */
export const CLASS_ANNOTATION = "kubernetes.io/ingress.class";
const NO_IP = "must be a DNS name, not an IP address";

export const ingress = defineResource<Ingress>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "Ingress",
  schema: "io.k8s.api.networking.v1.Ingress",
  plural: "ingresses",
  storedUnder: "ingress",
  shortNames: ["ing"],
  scope: "Namespaced",
  hasGeneration: true,
  metadataOnUpdate: ["change", "whole"],

  validate({ metadata, spec = {} }, errors) {
    validateSpec(spec, errors.at("spec"), {});
    const annotated = metadata.annotations?.[CLASS_ANNOTATION];
    const { ingressClassName } = spec;
    if (annotated !== undefined && ingressClassName != null && annotated !== ingressClassName)
      errors
        .at("annotations")
        .at(CLASS_ANNOTATION)
        .invalid(annotated, "must match `ingressClassName` when both are specified");
  },
  validatesOnUpdate: false,
  validateUpdate: ({ spec = {} }, previous, errors) =>
    validateSpec(spec, errors.at("spec"), leniencySince(previous.spec)),

  warnings({ metadata, spec }, previous) {
    if (previous || spec?.ingressClassName != null) return [];
    if (metadata.annotations?.[CLASS_ANNOTATION] === undefined) return [];
    return [`annotation "${CLASS_ANNOTATION}" is deprecated, please use 'spec.ingressClassName' instead`];
  },

  columns: [
    nameColumn,
    { name: "Class", value: ({ spec }) => spec?.ingressClassName ?? "<none>" },
    { name: "Hosts", value: ({ spec }) => hostsText(spec?.rules ?? []) },
    { name: "Address", value: ({ status }) => addressesText(status?.loadBalancer ?? {}) },
    { name: "Ports", value: ({ spec }) => (spec?.tls?.length ? "80, 443" : "80") },
    ageColumn,
  ],

  subresources: {
    status: {
      validateUpdate: ({ status }, previous, errors) =>
        validateLoadBalancer(
          status?.loadBalancer ?? {},
          previous.status?.loadBalancer ?? {},
          errors.at("status").at("loadBalancer"),
        ),
      warnings: ({ status }) =>
        (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }, i) =>
          ip ? ipWarnings(`status.loadBalancer.ingress[${i}]`, ip) : [],
        ),
    },
  },
});

/** What an Ingress may keep since it had it before. */
interface Leniency {
  readonly badSecretNames?: boolean;
  readonly badWildcardRules?: boolean;
}

function leniencySince({ rules = [], tls = [] }: IngressSpec = {}): Leniency {
  const isBad = ({ host, http }: IngressRule): boolean => {
    if (!host?.includes("*") || !http) return false;
    const errors = new FieldErrors();
    validatePaths(http, errors);
    return errors.list.length > 0;
  };
  return {
    badSecretNames: tls.some(({ secretName }) => secretName && dns1123Subdomain(secretName).length > 0),
    badWildcardRules: rules.some(isBad),
  };
}

function validateSpec(spec: IngressSpec, errors: FieldErrors, leniency: Leniency): void {
  const { defaultBackend, ingressClassName: className, rules = [], tls = [] } = spec;
  if (!rules.length && !defaultBackend)
    errors.invalid(spec.rules ?? null, "either `defaultBackend` or `rules` must be specified");
  if (defaultBackend) validateBackend(defaultBackend, errors.at("defaultBackend"));
  rules.forEach((rule, i) => validateRule(rule, errors.at("rules").at(i), leniency));
  tls.forEach(({ hosts = [], secretName }, i) => {
    const at = errors.at("tls").at(i);
    hosts.forEach((host, j) => checkHost(at.at("hosts").at(j), host));
    if (secretName && !leniency.badSecretNames)
      reject(at.at("secretName"), secretName, dns1123Subdomain(secretName));
  });
  if (className != null) reject(errors.at("ingressClassName"), className, dns1123Subdomain(className));
}

function validateRule({ host, http }: IngressRule, errors: FieldErrors, leniency: Leniency): void {
  if (host) {
    if (parseIp(host)) errors.at("host").invalid(host, NO_IP);
    checkHost(errors.at("host"), host);
  }
  if (http && !(leniency.badWildcardRules && host?.includes("*"))) validatePaths(http, errors.at("http"));
}

function checkHost(errors: FieldErrors, host: string): void {
  reject(errors, host, host.includes("*") ? wildcardDns1123Subdomain(host) : dns1123Subdomain(host));
}

function validateLoadBalancer(
  { ingress = [] }: IngressLoadBalancerStatus,
  { ingress: before = [] }: IngressLoadBalancerStatus,
  errors: FieldErrors,
): void {
  const known = before.flatMap(({ ip }) => ip || []);
  ingress.forEach(({ ip, hostname }, i) => {
    const at = errors.at("ingress").at(i);
    if (ip) checkAddress(at.at("ip"), ip, known);
    if (!hostname) return;
    reject(at.at("hostname"), hostname, dns1123Subdomain(hostname));
    if (parseIp(hostname)) at.at("hostname").invalid(hostname, NO_IP);
  });
}

const SHOWN_HOSTS = 3;

/** `a,b,c + 2 more...`, where upstream counts rules, hosts or not. */
function hostsText(rules: readonly IngressRule[]): string {
  const shown: string[] = [];
  let isCut = false;
  for (const { host } of rules) {
    isCut ||= shown.length === SHOWN_HOSTS;
    if (host && !isCut) shown.push(host);
  }
  if (!shown.length) return "*";
  return isCut ? `${shown.join(",")} + ${rules.length - SHOWN_HOSTS} more...` : shown.join(",");
}

function addressesText({ ingress = [] }: IngressLoadBalancerStatus): string {
  const addresses = ingress.map(({ ip, hostname }) => ip || hostname || "").filter(Boolean);
  return [...new Set(addresses)].sort().join(",");
}
