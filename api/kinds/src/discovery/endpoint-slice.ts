/** Some of the addresses behind a Service. */

import { ipWarnings, parseIp, validIp } from "@knarr/machinery/addresses.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import { validateLabels } from "@knarr/machinery/metadata.ts";
import { dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from "@knarr/machinery/names.ts";
import type { Endpoint, EndpointHints, EndpointPort, EndpointSlice } from "../../generated/discovery-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { checkAddress, checkEndpointAddress } from "../shared/ip.ts";
import { reject, requireOneOf } from "../shared/values.ts";

const MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
const CONTROLLERS: ReadonlySet<string | undefined> = new Set([
  "endpointslice-controller.k8s.io",
  "endpointslicemirroring-controller.k8s.io",
]);
const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const MAX_PORTS = 20000;
const MAX_ENDPOINTS = 1000;
const MAX_ADDRESSES = 100;
const MAX_TOPOLOGY_LABELS = 16;
const MAX_HINTS = 8;

export const endpointSlice = defineResource<EndpointSlice>({
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  schema: "io.k8s.api.discovery.v1.EndpointSlice",
  plural: "endpointslices",
  scope: "Namespaced",
  metadataOnUpdate: ["whole"],
  hasGeneration: true,
  validatesOnUpdate: false,

  defaults({ ports }) {
    for (const port of ports ?? []) {
      port.name ??= "";
      port.protocol ??= "TCP";
    }
  },

  prepareForCreate: dropTopology,
  prepareForUpdate(object, previous) {
    if (!semanticEqual(object.endpoints, previous.endpoints)) dropTopology(object);
  },

  /** Labels say which Service the slice is of, so they count too. */
  generationChanged({ metadata, ...rest }, { metadata: before, ...restBefore }) {
    return !semanticEqual(rest, restBefore) || !semanticEqual(metadata.labels, before.labels);
  },

  validate(object, errors) {
    validateAll(object, errors);
  },

  /** Endpoints that stay as they are may be as bad as they were. */
  validateUpdate(object, previous, errors) {
    validateAll(object, errors, { endpointsStay: semanticEqual(object.endpoints, previous.endpoints) });
    errors.at("addressType").immutable(object.addressType, previous.addressType);
  },

  warnings({ metadata, addressType, endpoints }, previous) {
    const old =
      addressType === "FQDN" && !previous ? ["spec.addressType: FQDN endpoints are deprecated"] : [];
    if (CONTROLLERS.has(metadata.labels?.[MANAGED_BY])) return old;
    const bad = (endpoints ?? []).flatMap(({ addresses }, i) =>
      (addresses ?? []).flatMap((address, j) => ipWarnings(`endpoints[${i}].addresses[${j}]`, address)),
    );
    return [...old, ...bad];
  },

  columns: [
    nameColumn,
    { name: "AddressType", value: ({ addressType }) => addressType },
    { name: "Ports", value: ({ ports }) => shortList((ports ?? []).map(portText)) },
    {
      name: "Endpoints",
      value: ({ endpoints }) => shortList((endpoints ?? []).flatMap(({ addresses }) => addresses ?? [])),
    },
    ageColumn,
  ],
});

/** A field of v1beta1 that v1 only reads. */
function dropTopology({ endpoints }: EndpointSlice): void {
  for (const endpoint of endpoints ?? []) delete endpoint.deprecatedTopology;
}

function validateAll(
  { addressType, endpoints, ports }: EndpointSlice,
  errors: FieldErrors,
  { endpointsStay = false } = {},
): void {
  requireOneOf(errors.at("addressType"), addressType, ["FQDN", "IPv4", "IPv6"]);
  validatePorts(ports ?? [], errors.at("ports"));
  if (!endpointsStay) validateEndpoints(endpoints ?? [], addressType, errors.at("endpoints"));
}

function validatePorts(ports: readonly EndpointPort[], errors: FieldErrors): void {
  if (ports.length > MAX_PORTS) {
    errors.tooMany(ports.length, MAX_PORTS);
    return;
  }
  const names = new Set<string>();
  for (const [index, { name = "", protocol, appProtocol }] of ports.entries()) {
    const at = errors.at(index);
    if (name) reject(at.at("name"), name, dns1123Label(name));
    if (names.has(name)) at.at("name").duplicate(name);
    names.add(name);
    if (protocol === undefined) at.at("protocol").required();
    else if (!PROTOCOLS.includes(protocol)) at.at("protocol").notSupported(protocol, PROTOCOLS);
    if (appProtocol !== undefined) reject(at.at("appProtocol"), appProtocol, qualifiedName(appProtocol));
  }
}

function validateEndpoints(endpoints: readonly Endpoint[], type: string, errors: FieldErrors): void {
  if (endpoints.length > MAX_ENDPOINTS) {
    errors.tooMany(endpoints.length, MAX_ENDPOINTS);
    return;
  }
  for (const [index, endpoint] of endpoints.entries()) {
    const at = errors.at(index);
    validateAddresses(endpoint.addresses ?? [], type, at.at("addresses"));
    const { nodeName, deprecatedTopology = {}, hostname, hints } = endpoint;
    if (nodeName !== undefined) reject(at.at("nodeName"), nodeName, dns1123Subdomain(nodeName));
    const labels = Object.keys(deprecatedTopology).length;
    if (labels > MAX_TOPOLOGY_LABELS) at.at("deprecatedTopology").tooMany(labels, MAX_TOPOLOGY_LABELS);
    validateLabels(deprecatedTopology, at.at("deprecatedTopology"));
    if (hostname !== undefined) reject(at.at("hostname"), hostname, dns1123Label(hostname));
    if (hints) validateHints(hints, at.at("hints"));
  }
}

function validateAddresses(addresses: readonly string[], type: string, errors: FieldErrors): void {
  if (addresses.length === 0) errors.required("must contain at least 1 address");
  else if (addresses.length > MAX_ADDRESSES) errors.tooMany(addresses.length, MAX_ADDRESSES);
  for (const [index, address] of addresses.entries()) {
    const at = errors.at(index);
    if (type === "IPv4" || type === "IPv6") validateIp(address, type, { at, list: errors });
    else if (type === "FQDN") validateDomainName(address, at);
  }
}

function validateIp(
  address: string,
  type: "IPv4" | "IPv6",
  { at, list }: { at: FieldErrors; list: FieldErrors },
) {
  const before = at.list.length;
  if (type === "IPv4") checkAddress(at, address);
  else reject(at, address, validIp(address));
  if (at.list.length > before) return;
  const isOfType = parseIp(address)?.bytes.length === (type === "IPv4" ? 4 : 16);
  if (!isOfType) list.invalid(address, `must be an ${type} address`); // upstream blames the list, not the item
  checkEndpointAddress(at, address);
}

function validateDomainName(name: string, errors: FieldErrors): void {
  if (!name) {
    errors.required();
    return;
  }
  const bare = name.endsWith(".") ? name.slice(0, -1) : name;
  const problems = dns1123Subdomain(bare);
  const labels = bare.split(".");
  if (problems.length) errors.invalid(bare, problems.join(","));
  else if (labels.length < 2)
    errors.invalid(bare, "should be a domain with at least two segments separated by dots");
  else {
    const bad = labels.find((label) => dns1123Label(label).length > 0);
    if (bad !== undefined) errors.invalid(bad, dns1123Label(bad).join(","));
  }
}

function validateHints({ forZones = [], forNodes = [] }: EndpointHints, errors: FieldErrors): void {
  const fewZones = validateHintNames(forZones, errors.at("forZones"), labelValue);
  if (fewZones) validateHintNames(forNodes, errors.at("forNodes"), dns1123Subdomain);
}

/** False when there are too many to look at. */
function validateHintNames(
  hints: readonly { readonly name: string }[],
  errors: FieldErrors,
  rule: (name: string) => readonly string[],
): boolean {
  if (hints.length > MAX_HINTS) {
    errors.tooMany(hints.length, MAX_HINTS);
    return false;
  }
  const names = new Set<string>();
  for (const [index, { name }] of hints.entries()) {
    const at = errors.at(index).at("name");
    if (names.has(name)) at.duplicate(name);
    names.add(name);
    reject(at, name, rule(name));
  }
  return true;
}

function portText({ port, name }: EndpointPort): string {
  return port === undefined ? (name ?? "*") : String(port);
}

/** The first three, and how many more. */
function shortList(items: readonly string[]): string {
  const list = items.slice(0, 3).join(",");
  return items.length > 3 ? `${list} + ${items.length - 3} more...` : list || "<unset>";
}
