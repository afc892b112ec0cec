/** The addresses behind a Service, in the old form that EndpointSlice replaces. */

import { ipWarnings } from "@knarr/machinery/addresses.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Label, dns1123Subdomain, portNumber, qualifiedName } from "@knarr/machinery/names.ts";
import type { EndpointAddress, Endpoints, EndpointSubset } from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { checkAddress, checkEndpointAddress } from "../shared/ip.ts";
import { reject, requireOneOf } from "../shared/values.ts";

type EndpointPort = NonNullable<EndpointSubset["ports"]>[number];

const MANAGED_BY = "endpoints.kubernetes.io/managed-by";
const PROTOCOLS = ["SCTP", "TCP", "UDP"];

export const endpoints = defineResource<Endpoints>({
  group: "",
  version: "v1",
  kind: "Endpoints",
  schema: "io.k8s.api.core.v1.Endpoints",
  plural: "endpoints",
  storedUnder: "services/endpoints",
  scope: "Namespaced",
  metadataOnUpdate: ["change", "whole"],
  singular: "endpoints",
  shortNames: ["ep"],
  createOnUpdate: true,
  validatesOnUpdate: false,
  deprecation: "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",

  defaults({ subsets = [] }) {
    for (const { ports = [] } of subsets ?? []) for (const port of ports) port.protocol ||= "TCP";
  },

  validate({ subsets }, errors) {
    validateSubsets(subsets ?? [], errors.at("subsets"));
  },

  /** Subsets that stay as they are may be as bad as they were. */
  validateUpdate({ subsets }, previous, errors) {
    if (!semanticEqual(subsets, previous.subsets)) validateSubsets(subsets ?? [], errors.at("subsets"));
  },

  warnings({ metadata, subsets }) {
    if (metadata.labels?.[MANAGED_BY] === "endpoint-controller") return [];
    return (subsets ?? []).flatMap((subset, i) =>
      (["addresses", "notReadyAddresses"] as const).flatMap((list) =>
        (subset[list] ?? []).flatMap(({ ip }, j) => ipWarnings(`subsets[${i}].${list}[${j}].ip`, ip)),
      ),
    );
  },

  columns: [nameColumn, { name: "Endpoints", value: ({ subsets }) => listOf(subsets ?? []) }, ageColumn],
});

function validateSubsets(subsets: readonly EndpointSubset[], errors: FieldErrors): void {
  for (const [index, { addresses = [], notReadyAddresses = [], ports = [] }] of subsets.entries()) {
    const at = errors.at(index);
    if (addresses.length + notReadyAddresses.length === 0)
      at.required("must specify `addresses` or `notReadyAddresses`");
    addresses.forEach((address, i) => validateAddress(address, at.at("addresses").at(i)));
    notReadyAddresses.forEach((address, i) => validateAddress(address, at.at("notReadyAddresses").at(i)));
    ports.forEach((port, i) => validatePort(port, at.at("ports").at(i), { needsName: ports.length > 1 }));
  }
}

function validateAddress({ ip, hostname, nodeName }: EndpointAddress, errors: FieldErrors): void {
  checkAddress(errors.at("ip"), ip);
  if (hostname) reject(errors.at("hostname"), hostname, dns1123Label(hostname));
  if (nodeName !== undefined) reject(errors.at("nodeName"), nodeName, dns1123Subdomain(nodeName));
  checkEndpointAddress(errors.at("ip"), ip);
}

function validatePort(
  { name = "", port, protocol, appProtocol }: EndpointPort,
  errors: FieldErrors,
  { needsName }: { readonly needsName: boolean },
): void {
  if (name) reject(errors.at("name"), name, dns1123Label(name));
  else if (needsName) errors.at("name").required();
  reject(errors.at("port"), port, portNumber(port));
  requireOneOf(errors.at("protocol"), protocol, PROTOCOLS);
  if (appProtocol !== undefined) reject(errors.at("appProtocol"), appProtocol, qualifiedName(appProtocol));
}

/** The first three addresses with their ports, and how many more. */
function listOf(subsets: readonly EndpointSubset[]): string {
  if (subsets.length === 0) return "<none>";
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) =>
          addresses.map(({ ip }) => (ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`)),
        ),
  );
  const list = all.slice(0, 3).join(",");
  return all.length > 3 ? `${list} + ${all.length - 3} more...` : list;
}
