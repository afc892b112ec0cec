/**
 * What names mean in the cluster: Services, their endpoints, namespaces, filed by name and by address.
 *
 * Kept up by changes, one Service at a time; a question is a look-up. `onChange` tells that answers given before may be old.
 */

import type { Namespace, Service } from "@knarr/kinds/generated/core-v1.ts";
import type { EndpointSlice } from "@knarr/kinds/generated/discovery-v1.ts";
import { addressBytes, addressKey, dashed } from "./address.ts";

export interface ServiceNames {
  readonly namespace: string;
  readonly name: string;
  /** Of an ExternalName Service. */
  readonly externalName?: string;
  readonly isHeadless: boolean;
  readonly addresses: readonly Uint8Array[];
  readonly ports: readonly NamedPort[];
  /** Ready ones, or all if the Service publishes those that are not. */
  readonly endpoints: readonly EndpointName[];
}

export interface EndpointName {
  readonly hostname: string;
  readonly address: Uint8Array;
  readonly ports: readonly NamedPort[];
}

export interface NamedPort {
  readonly name: string;
  /** `tcp`, `udp`, `sctp`. */
  readonly protocol: string;
  readonly port: number;
}

/** A name that an address has: a Service's, or an endpoint's of a Service. */
export interface AddressName {
  readonly service: ServiceNames;
  readonly hostname?: string;
}

const SERVICE_LABEL = "kubernetes.io/service-name";

export class ClusterIndex {
  readonly #onChange: () => void;
  readonly #namespaces = new Set<string>();
  readonly #objects = new Map<string, Service>();
  readonly #slices = new Map<string, Map<string, EndpointSlice>>();
  readonly #services = new Map<string, ServiceNames>();
  readonly #byAddress = new Map<string, Set<AddressName>>();
  /** What a Service has put into #byAddress. */
  readonly #filed = new Map<string, { readonly key: string; readonly name: AddressName }[]>();

  constructor(onChange: () => void = () => {}) {
    this.#onChange = onChange;
  }

  hasNamespace(name: string): boolean {
    return this.#namespaces.has(name);
  }

  service(namespace: string, name: string): ServiceNames | undefined {
    return this.#services.get(`${namespace}/${name}`);
  }

  /** Services first, then endpoints of headless ones, then other endpoints: only the best there are. */
  namesOf(address: Uint8Array): readonly AddressName[] {
    const all = [...(this.#byAddress.get(addressKey(address)) ?? [])];
    const services = all.filter(({ hostname }) => hostname === undefined);
    if (services.length) return services;
    const headless = all.filter(({ service }) => service.isHeadless);
    return headless.length ? headless : all;
  }

  setNamespace({ metadata }: Pick<Namespace, "metadata">): void {
    this.#namespaces.add(metadata.name!);
    this.#onChange();
  }

  removeNamespace({ metadata }: Pick<Namespace, "metadata">): void {
    this.#namespaces.delete(metadata.name!);
    this.#onChange();
  }

  setService(service: Service): void {
    const key = keyOf(service.metadata.namespace, service.metadata.name);
    this.#objects.set(key, service);
    this.#rebuild(key);
  }

  removeService(service: Service): void {
    const key = keyOf(service.metadata.namespace, service.metadata.name);
    this.#objects.delete(key);
    this.#rebuild(key);
  }

  setSlice(slice: EndpointSlice, previous?: EndpointSlice): void {
    if (previous && serviceOf(previous) !== serviceOf(slice)) this.removeSlice(previous);
    const key = serviceOf(slice);
    if (key === undefined) return;
    const slices = this.#slices.get(key) ?? new Map<string, EndpointSlice>();
    this.#slices.set(key, slices.set(slice.metadata.name!, slice));
    this.#rebuild(key);
  }

  removeSlice(slice: EndpointSlice): void {
    const key = serviceOf(slice);
    if (key === undefined) return;
    const slices = this.#slices.get(key);
    slices?.delete(slice.metadata.name!);
    if (slices?.size === 0) this.#slices.delete(key);
    this.#rebuild(key);
  }

  #rebuild(key: string): void {
    for (const { key: address, name } of this.#filed.get(key) ?? []) this.#unfile(address, name);
    this.#filed.delete(key);
    const service = this.#objects.get(key);
    if (service) {
      const names = namesOfService(service, [...(this.#slices.get(key)?.values() ?? [])]);
      this.#services.set(key, names);
      this.#filed.set(key, this.#file(names));
    } else this.#services.delete(key);
    this.#onChange();
  }

  #file(service: ServiceNames): { key: string; name: AddressName }[] {
    const names: [Uint8Array, AddressName][] = [
      ...service.addresses.map((address): [Uint8Array, AddressName] => [address, { service }]),
      ...service.endpoints.map(({ address, hostname }): [Uint8Array, AddressName] => [
        address,
        { service, hostname },
      ]),
    ];
    return names.map(([address, name]) => {
      const key = addressKey(address);
      const filed = this.#byAddress.get(key) ?? new Set<AddressName>();
      this.#byAddress.set(key, filed.add(name));
      return { key, name };
    });
  }

  #unfile(key: string, name: AddressName): void {
    const filed = this.#byAddress.get(key);
    filed?.delete(name);
    if (filed?.size === 0) this.#byAddress.delete(key);
  }
}

function keyOf(namespace: string | undefined, name: string | undefined): string {
  return `${namespace}/${name}`;
}

function serviceOf({ metadata }: EndpointSlice): string | undefined {
  const name = metadata.labels?.[SERVICE_LABEL];
  return name === undefined ? undefined : keyOf(metadata.namespace, name);
}

function namesOfService({ metadata, spec = {} }: Service, slices: readonly EndpointSlice[]): ServiceNames {
  const { type, externalName, clusterIP, publishNotReadyAddresses = false } = spec;
  const isExternal = type === "ExternalName" && externalName;
  const clusterIPs = spec.clusterIPs ?? (clusterIP ? [clusterIP] : []);
  return {
    namespace: metadata.namespace!,
    name: metadata.name!,
    ...(isExternal && { externalName: externalName.replace(/\.$/, "") }),
    isHeadless: clusterIP === "None",
    addresses: isExternal ? [] : clusterIPs.map(addressBytes).filter((address) => address !== undefined),
    ports: (spec.ports ?? []).map(({ name = "", protocol = "TCP", port }) => ({
      name,
      protocol: protocol.toLowerCase(),
      port,
    })),
    endpoints: slices.flatMap((slice) => endpointsOf(slice, publishNotReadyAddresses)),
  };
}

function endpointsOf(
  { endpoints, ports, addressType }: EndpointSlice,
  includeUnready: boolean,
): EndpointName[] {
  if (addressType === "FQDN") return [];
  const named = (ports ?? []).map(({ name = "", protocol = "TCP", port = 0 }) => ({
    name,
    protocol: protocol.toLowerCase(),
    port,
  }));
  return (endpoints ?? [])
    .filter(({ conditions }) => includeUnready || conditions?.ready !== false)
    .flatMap(({ addresses, hostname }) =>
      addresses.flatMap((text) => {
        const address = addressBytes(text);
        return address ? [{ hostname: hostname || dashed(text), address, ports: named }] : [];
      }),
    );
}
