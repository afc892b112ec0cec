/**
 * Endpoints in their canonical form: addresses that have the same ports, and are ready on the same of them, together.
 *
 *     a:80 a:443 b:80 b:443 c:80        →        {a b: 80 443}  {c: 80}
 */

import type { EndpointAddress, EndpointPort, EndpointSubset } from "@knarr/kinds/generated/core-v1.ts";

/** One address with one port; without a port for headless Services that have none. */
export interface Member {
  readonly address: EndpointAddress;
  readonly port: EndpointPort | undefined;
  readonly ready: boolean;
}

/** An Endpoints object shows no more addresses than this. */
const MAX_ADDRESSES = 1000;

export function subsetsOf(members: readonly Member[]): EndpointSubset[] {
  const byPort = new Map<string, { port: EndpointPort | undefined; ready: Map<string, boolean> }>();
  const addresses = new Map<string, EndpointAddress>();
  for (const { address, port, ready } of members) {
    const id = `${address.ip} ${address.targetRef?.uid ?? ""}`;
    if (!addresses.has(id)) addresses.set(id, address);
    const key = JSON.stringify(port ?? null);
    let entry = byPort.get(key);
    if (!entry) byPort.set(key, (entry = { port, ready: new Map() }));
    entry.ready.set(id, ready && (entry.ready.get(id) ?? true)); // not ready once is not ready
  }

  const bySet = new Map<string, { ports: EndpointPort[]; ready: Map<string, boolean> }>();
  for (const { port, ready } of byPort.values()) {
    const key = JSON.stringify([...ready].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    let set = bySet.get(key);
    if (!set) bySet.set(key, (set = { ports: [], ready }));
    if (port) set.ports.push(port);
  }
  const subsets = [...bySet.values()].map(({ ports, ready }) => {
    const list = (wanted: boolean) =>
      [...ready]
        .filter(([, isReady]) => isReady === wanted)
        .map(([id]) => addresses.get(id)!)
        .toSorted(byAddress);
    return subset(list(true), list(false), ports.toSorted(byText));
  });
  return subsets.toSorted(byText);
}

/** `subsets` cut to what an Endpoints object may hold: ready addresses first, in proportion to the size of each subset. */
export function truncated(subsets: readonly EndpointSubset[]): { subsets: EndpointSubset[]; isCut: boolean } {
  const ready = sum(subsets, "addresses");
  const notReady = sum(subsets, "notReadyAddresses");
  if (ready + notReady <= MAX_ADDRESSES) return { subsets: [...subsets], isCut: false };
  const cutsReady = ready > MAX_ADDRESSES;
  const room = cutsReady ? MAX_ADDRESSES : MAX_ADDRESSES - ready;
  const total = cutsReady ? ready : notReady;
  let left = room;
  const cut = subsets.map(({ addresses = [], notReadyAddresses = [], ports = [] }) => {
    const list = cutsReady ? addresses : notReadyAddresses;
    const kept = list.slice(0, Math.min(Math.ceil((list.length / total) * room), left));
    left -= kept.length;
    return cutsReady ? subset(kept, [], ports) : subset(addresses, kept, ports);
  });
  return { subsets: cut, isCut: true };
}

function subset(
  addresses: readonly EndpointAddress[],
  notReadyAddresses: readonly EndpointAddress[],
  ports: readonly EndpointPort[],
): EndpointSubset {
  return {
    ...(addresses.length > 0 && { addresses: [...addresses] }),
    ...(notReadyAddresses.length > 0 && { notReadyAddresses: [...notReadyAddresses] }),
    ...(ports.length > 0 && { ports: [...ports] }),
  };
}

function sum(subsets: readonly EndpointSubset[], field: "addresses" | "notReadyAddresses"): number {
  return subsets.reduce((total, each) => total + (each[field]?.length ?? 0), 0);
}

function byAddress(a: EndpointAddress, b: EndpointAddress): number {
  const [left, right] = [`${a.ip} ${a.targetRef?.uid ?? ""}`, `${b.ip} ${b.targetRef?.uid ?? ""}`];
  return left < right ? -1 : left > right ? 1 : 0;
}

function byText(a: unknown, b: unknown): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
