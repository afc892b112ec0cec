/**
 * Answers for the cluster's own names, by the DNS specification of Kubernetes (1.1.0). Pure: a question and the index in, records out.
 *
 *     [<endpoint>. | _<port>._<protocol>.]<service>.<namespace>.svc.<zone>      <a-b-c-d>.<namespace>.pod.<zone>
 *     dns-version.<zone>      reverse names of Services' and endpoints' addresses
 *
 * A name that exists without records of the type asked for is NODATA, one that does not is NXDOMAIN; both with the SOA, which says
 * for how long this may be believed. ExternalName Services are a CNAME; following it is the resolver's work.
 */

import { dashedAddress, reverseAddress } from "./address.ts";
import type { ClusterIndex, EndpointName, NamedPort, ServiceNames } from "./cluster-index.ts";
import { codes, types, type Answer, type DnsRecord, type Query } from "./message.ts";

const TTL_SECONDS = 5;

export interface ZoneOptions {
  /** `cluster.local` */
  readonly domain: string;
  /** Of the DNS server itself, for the zone's NS record. */
  readonly addresses: readonly Uint8Array[];
  /** Whether a reverse name in the cluster's networks is ours to deny. */
  owns(address: Uint8Array): boolean;
}

export class ClusterZone {
  readonly #options: ZoneOptions;
  readonly #index: ClusterIndex;
  readonly #domain: readonly string[];
  /** Rises with every change, as a zone's serial should. */
  serial = 1;

  constructor(options: ZoneOptions, index: ClusterIndex) {
    this.#options = options;
    this.#index = index;
    this.#domain = options.domain.toLowerCase().split(".");
  }

  /** Whether a name is in the zone, whatever it is. */
  contains(labels: readonly string[]): boolean {
    const offset = labels.length - this.#domain.length;
    return offset >= 0 && this.#domain.every((label, index) => labels[offset + index] === label);
  }

  /** Undefined for what is not ours to answer. */
  answer({ labels, type }: Pick<Query, "labels" | "type">): Answer | undefined {
    if (this.contains(labels)) return this.#inZone(labels, type);
    const address = reverseAddress(labels);
    if (!address) return undefined;
    const names = this.#index.namesOf(address);
    if (names.length === 0) return this.#options.owns(address) ? this.#negative(codes.nameError) : undefined;
    if (type !== types.PTR && type !== types.ANY) return this.#negative(codes.noError);
    const name = labels.join(".");
    return positive(
      names.map(({ service, hostname }) => {
        const target = this.#nameOf(service, hostname);
        return { name, ttl: TTL_SECONDS, type: "PTR", target };
      }),
    );
  }

  #inZone(labels: readonly string[], type: number): Answer {
    const path = labels.slice(0, labels.length - this.#domain.length);
    const name = labels.join(".");
    const [last, namespace, service, ...before] = [...path].reverse();
    if (last === undefined) return this.#apex(name, type);
    if (last === "svc" || last === "pod") {
      if (namespace === undefined) return this.#negative(codes.noError);
      if (!this.#index.hasNamespace(namespace)) return this.#negative(codes.nameError);
      if (service === undefined) return this.#negative(codes.noError);
      if (last === "svc") return this.#service({ name, type, namespace, service, before });
      return this.#addresses(name, type, before.length ? [] : [dashedAddress(service)]);
    }
    if (path.length === 1 && last === "dns-version")
      return type === types.TXT
        ? positive([{ name, ttl: TTL_SECONDS, type: "TXT", text: "1.1.0" }])
        : this.#negative(codes.noError);
    if (path.join(".") === "ns.dns") return this.#addresses(name, type, this.#options.addresses);
    return this.#negative(path.join(".") === "dns" ? codes.noError : codes.nameError);
  }

  #apex(name: string, type: number): Answer {
    if (type === types.SOA) return positive([this.#soa()]);
    if (type !== types.NS) return this.#negative(codes.noError);
    const target = `ns.dns.${this.#options.domain}`;
    const additionals = this.#options.addresses.map((address) => addressRecord(target, address));
    return { ...positive([{ name, ttl: TTL_SECONDS, type: "NS", target }]), additionals };
  }

  #service({ name, type, namespace, service: serviceName, before }: ServiceQuestion): Answer {
    const service = this.#index.service(namespace, serviceName);
    if (!service) return this.#negative(codes.nameError);
    if (service.externalName !== undefined) {
      if (before.length) return this.#negative(codes.nameError);
      const isFollowed = type === types.A || type === types.AAAA || type === types.CNAME;
      if (!isFollowed) return this.#negative(codes.noError);
      return positive([{ name, ttl: TTL_SECONDS, type: "CNAME", target: service.externalName }]);
    }
    const [first, second, ...more] = before;
    if (more.length) return this.#negative(codes.nameError);
    if (second !== undefined) return this.#port({ name, type, service, protocol: first!, port: second });
    if (first !== undefined) {
      const endpoints = service.endpoints.filter(({ hostname }) => hostname.toLowerCase() === first);
      return type === types.SRV
        ? this.#srv(name, service, endpoints, anyPort)
        : this.#addresses(
            name,
            type,
            endpoints.map(({ address }) => address),
          );
    }
    if (type === types.SRV) return this.#srv(name, service, service.endpoints, anyPort);
    const { isHeadless, endpoints, addresses } = service;
    return this.#addresses(name, type, isHeadless ? endpoints.map(({ address }) => address) : addresses);
  }

  /** `_http._tcp.web.default.svc`: the dots before a service name are underscored, and a port must have the name. */
  #port({ name, type, service, protocol, port }: PortQuestion): Answer {
    if (!protocol.startsWith("_") || !port.startsWith("_")) return this.#negative(codes.nameError);
    const isAsked = (candidate: NamedPort) =>
      candidate.name.toLowerCase() === port.slice(1) && candidate.protocol === protocol.slice(1);
    const { isHeadless, endpoints, addresses, ports } = service;
    if (type === types.SRV) return this.#srv(name, service, endpoints, isAsked);
    const matching = isHeadless
      ? endpoints.filter((endpoint) => endpoint.ports.some(isAsked)).map(({ address }) => address)
      : ports.some(isAsked)
        ? addresses
        : [];
    return this.#addresses(name, type, matching);
  }

  #srv(
    name: string,
    service: ServiceNames,
    endpoints: readonly EndpointName[],
    isAsked: (port: NamedPort) => boolean,
  ): Answer {
    const isByEndpoint = service.isHeadless || endpoints !== service.endpoints;
    const targets = isByEndpoint
      ? endpoints.flatMap(({ hostname, address, ports }) => {
          const target = this.#nameOf(service, hostname);
          return ports.filter(isAsked).map(({ port }) => ({ target, port, addresses: [address] }));
        })
      : service.ports.filter(isAsked).map(({ port }) => {
          const target = this.#nameOf(service);
          return { target, port, addresses: service.addresses };
        });
    if (targets.length === 0) {
      // A Service or endpoint without ports is there all the same; a port that nobody has is not.
      const isThere = isAsked === anyPort && (isByEndpoint ? endpoints : service.addresses).length > 0;
      return this.#negative(isThere ? codes.noError : codes.nameError);
    }
    const weight = Math.max(1, Math.floor(100 / targets.length));
    const additionals = new Map<string, DnsRecord>();
    for (const { target, addresses } of targets)
      for (const address of addresses)
        additionals.set(`${target} ${address.join()}`, addressRecord(target, address));
    const answers = targets.map(({ target, port }): DnsRecord => ({
      name,
      ttl: TTL_SECONDS,
      type: "SRV",
      target,
      port,
      weight,
    }));
    return { ...positive(answers), additionals: [...additionals.values()] };
  }

  /** No address at all: there is no such name. None of the family that was asked for: no data. */
  #addresses(name: string, type: number, addresses: readonly (Uint8Array | undefined)[]): Answer {
    const known = addresses.filter((address) => address !== undefined);
    if (known.length === 0) return this.#negative(codes.nameError);
    const length = type === types.A ? 4 : type === types.AAAA ? 16 : 0;
    const unique = new Map(known.filter((a) => a.length === length).map((a) => [a.join(), a] as const));
    if (unique.size === 0) return this.#negative(codes.noError);
    return positive([...unique.values()].map((address) => addressRecord(name, address)));
  }

  #nameOf({ name, namespace }: ServiceNames, hostname?: string): string {
    const prefix = hostname === undefined ? "" : `${hostname}.`;
    return `${prefix}${name}.${namespace}.svc.${this.#options.domain}`;
  }

  #negative(code: number): Answer {
    return { code, authoritative: true, answers: [], authorities: [this.#soa()], additionals: [] };
  }

  #soa(): DnsRecord {
    const { domain: name } = this.#options;
    return {
      name,
      ttl: TTL_SECONDS,
      type: "SOA",
      host: `ns.dns.${name}`,
      mailbox: `hostmaster.${name}`,
      serial: this.serial,
      minimum: TTL_SECONDS,
    };
  }
}

function anyPort(): boolean {
  return true;
}

interface ServiceQuestion {
  readonly name: string;
  readonly type: number;
  readonly namespace: string;
  readonly service: string;
  /** Labels before the service's, from right to left. */
  readonly before: readonly string[];
}

interface PortQuestion {
  readonly name: string;
  readonly type: number;
  readonly service: ServiceNames;
  readonly protocol: string;
  readonly port: string;
}

function positive(answers: readonly DnsRecord[]): Answer {
  return { code: codes.noError, authoritative: true, answers, authorities: [], additionals: [] };
}

export function addressRecord(name: string, address: Uint8Array, ttl = TTL_SECONDS): DnsRecord {
  return { name, ttl, type: address.length === 4 ? "A" : "AAAA", address };
}
