/** A network that addresses of Services are taken from. The first one is the server's own, called `kubernetes`. */

import { parseCidr, validCidr } from "@knarr/machinery/addresses.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import { Network } from "@knarr/machinery/networks.ts";

import type { ServiceCIDR } from "../../generated/networking-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { keepMetadata } from "../shared/status.ts";
import { reject } from "../shared/values.ts";
import { inVersion } from "../shared/versions.ts";

/** Keeps a network until no address of it is in use, or others hold them all. */
export const SERVICE_CIDR_FINALIZER = "networking.k8s.io/service-cidr-finalizer";
/** Of the one that the server makes itself. */
export const DEFAULT_SERVICE_CIDR_NAME = "kubernetes";

export const serviceCidr = defineResource<ServiceCIDR>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "ServiceCIDR",
  schema: "io.k8s.api.networking.v1.ServiceCIDR",
  plural: "servicecidrs",
  scope: "Cluster",
  hasGeneration: false,

  validate: ({ spec }, errors) => validateCidrs(spec?.cidrs, errors.at("spec").at("cidrs")),
  validatesOnUpdate: false,

  /** What is there stays; a second family may come. */
  validateUpdate({ spec }, previous, errors) {
    const at = errors.at("spec").at("cidrs");
    const [now, before] = [spec?.cidrs ?? [], previous.spec?.cidrs ?? []];
    const isGrown = before.length === 1 && now.length === 2;
    if (now.length !== before.length && !isGrown) at.invalid(spec?.cidrs ?? null, "field is immutable");
    else before.forEach((cidr, i) => now[i] !== cidr && at.at(i).invalid(now[i], "field is immutable"));
    if (isGrown) validateCidrs(now, at);
  },

  columns: [nameColumn, { name: "CIDRs", value: ({ spec }) => (spec?.cidrs ?? []).join(",") }, ageColumn],

  subresources: { status: { prepareForUpdate: keepMetadata } },
});

export const serviceCidrV1beta1 = inVersion<ServiceCIDR, ServiceCIDR>(serviceCidr, "v1beta1", {
  schema: "io.k8s.api.networking.v1beta1.ServiceCIDR",
  deprecation: "networking.k8s.io/v1beta1 ServiceCIDR is deprecated in v1.34+, unavailable in v1.37+",
});

/** Its networks. */
export function networksOf({ spec }: ServiceCIDR): Network[] {
  return (spec?.cidrs ?? []).flatMap((cidr) => Network.parse(cidr) ?? []);
}

/** Whether addresses may be taken from it: it is not going, and nobody says that it is not ready. */
export function givesAddresses({ metadata, status }: ServiceCIDR): boolean {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return !metadata?.deletionTimestamp && (ready === undefined || ready.status === "True");
}

function validateCidrs(cidrs: readonly string[] | undefined = [], errors: FieldErrors): void {
  if (!cidrs.length) errors.required("at least one CIDR required");
  else if (cidrs.length > 2) errors.invalid({ CIDRs: cidrs }, "may only hold up to 2 values");
  else {
    cidrs.forEach((cidr, i) => reject(errors.at(i), cidr, validCidr(cidr)));
    const [first, second] = cidrs.map((cidr) => parseCidr(cidr)?.bytes.length);
    if (cidrs.length === 2 && first !== undefined && first === second)
      errors.invalid(
        cidrs,
        "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64",
      );
  }
}
