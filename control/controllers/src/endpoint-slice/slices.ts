/**
 * How the endpoints of a Service are spread over slices: which to make, change and remove, given those there are.
 *
 * Slices hold endpoints of one family with the same ports, 100 at most. Of several right ways that one is taken that writes few
 * slices, since every node reads every write: endpoints stay where they are, new ones go into slices that change
 * anyway, then into the unchanged one they fill best, then into new ones. Slices are never balanced.
 *
 *     3 slices of 100, 100, 40; one endpoint of the first goes, two come     →     100, 100, 41: two writes
 */

import { isDeepStrictEqual } from "node:util";
import { service } from "@knarr/kinds/core/service.ts";
import type { Service } from "@knarr/kinds/generated/core-v1.ts";
import type { Endpoint, EndpointPort, EndpointSlice } from "@knarr/kinds/generated/discovery-v1.ts";
import { controlledBy } from "../owners.ts";
import { prefixOf } from "../names.ts";
import { HEADLESS_LABEL, isHeadless } from "../services.ts";
import type { AddressType } from "./endpoint.ts";

export const SERVICE_LABEL = "kubernetes.io/service-name";
export const MANAGED_BY_LABEL = "endpointslice.kubernetes.io/managed-by";
const RESERVED = new Set([SERVICE_LABEL, MANAGED_BY_LABEL, HEADLESS_LABEL]);

export const MAX_ENDPOINTS = 100;

/** Endpoints with the same ports, by what identifies each over time. */
export interface Group {
  readonly ports: readonly EndpointPort[];
  readonly endpoints: ReadonlyMap<string, Endpoint>;
}

export interface Wanted {
  readonly owner: Service;
  /** Name of the controller, as slices carry it. */
  readonly manager: string;
  readonly family: AddressType;
  readonly groups: readonly Group[];
  /** Slices there are of this family. */
  readonly existing: readonly EndpointSlice[];
  /** What identifies an endpoint over time. */
  identify(endpoint: Endpoint): string;
}

export interface Changes {
  readonly create: EndpointSlice[];
  readonly update: EndpointSlice[];
  readonly remove: EndpointSlice[];
}

/** The same ports in another order are the same. */
export function portsKey(ports: readonly EndpointPort[] | undefined): string {
  const texts = (ports ?? []).map(({ name = "", port, protocol = "TCP", appProtocol }) =>
    JSON.stringify([name, port, protocol, appProtocol]),
  );
  return texts.toSorted().join();
}

export function planSlices(wanted: Wanted): Changes {
  const { owner, existing, groups } = wanted;
  const changes: Changes = { create: [], update: [], remove: [] };
  const byPorts = new Map<string, EndpointSlice[]>();
  for (const slice of existing) {
    if (isOwned(slice, owner)) {
      const key = portsKey(slice.ports);
      byPorts.set(key, [...(byPorts.get(key) ?? []), slice]);
    } else changes.remove.push(slice);
  }
  for (const group of groups) {
    const key = portsKey(group.ports);
    planGroup(wanted, group, byPorts.get(key) ?? [], changes);
    byPorts.delete(key);
  }
  for (const slices of byPorts.values()) changes.remove.push(...slices);

  // A Service always has a slice, so that "no endpoints" can be told from "not looked at yet".
  if (existing.length === changes.remove.length && changes.create.length === 0) {
    const placeholder = newSlice(wanted, []);
    const kept = changes.remove.find((slice) => isPlaceholder(slice, placeholder, owner));
    if (kept) changes.remove.splice(changes.remove.indexOf(kept), 1);
    else changes.create.push(placeholder);
  }
  return reuse(changes, owner);
}

function planGroup(wanted: Wanted, group: Group, slices: readonly EndpointSlice[], changes: Changes): void {
  const left = new Map(group.endpoints);
  const changed: { slice: EndpointSlice; endpoints: Endpoint[] }[] = [];
  const unchanged: EndpointSlice[] = [];

  for (const slice of slices) {
    const before = slice.endpoints ?? [];
    const endpoints: Endpoint[] = [];
    for (const endpoint of before) {
      const id = wanted.identify(endpoint);
      const now = left.get(id);
      if (!now) continue;
      endpoints.push(now);
      left.delete(id);
    }
    if (endpoints.length === 0 && before.length > 0) changes.remove.push(slice);
    else if (!isDeepStrictEqual(endpoints, before) || !hasLabels(slice, wanted)) {
      changed.push({ slice, endpoints });
    } else unchanged.push(slice);
  }

  const rest = [...left.values()];
  changed.sort((a, b) => b.endpoints.length - a.endpoints.length);
  for (const { endpoints } of changed) endpoints.push(...rest.splice(0, MAX_ENDPOINTS - endpoints.length));
  while (rest.length > 0) {
    const slice = rest.length < MAX_ENDPOINTS ? bestFit(unchanged, rest.length) : undefined;
    if (slice) {
      unchanged.splice(unchanged.indexOf(slice), 1);
      changed.push({ slice, endpoints: [...(slice.endpoints ?? []), ...rest.splice(0)] });
    } else changes.create.push(newSlice(wanted, group.ports, rest.splice(0, MAX_ENDPOINTS)));
  }
  for (const { slice, endpoints } of changed) {
    const metadata = { ...slice.metadata, labels: labelsOf(wanted) };
    changes.update.push({ ...slice, metadata, endpoints });
  }
}

/** The slice that `count` more leave fullest without overfilling it. */
function bestFit(slices: readonly EndpointSlice[], count: number): EndpointSlice | undefined {
  const room = (slice: EndpointSlice) => MAX_ENDPOINTS - (slice.endpoints?.length ?? 0) - count;
  return slices.filter((slice) => room(slice) >= 0).toSorted((a, b) => room(a) - room(b))[0];
}

/** Writes what is to be created into slices that are to be removed: one write instead of two. */
function reuse({ create, update, remove }: Changes, owner: Service): Changes {
  const removed = remove.filter((slice) => {
    const next = create.findLast((made) => made.addressType === slice.addressType);
    if (!next || !isOwned(slice, owner)) return true;
    create.splice(create.indexOf(next), 1);
    const { name, resourceVersion, uid } = slice.metadata;
    const { generateName: _unused, ...metadata } = next.metadata;
    update.push({
      ...next,
      metadata: { ...metadata, name: name!, resourceVersion: resourceVersion!, uid: uid! },
    });
    return false;
  });
  return { create, update, remove: removed };
}

function newSlice(
  wanted: Wanted,
  ports: readonly EndpointPort[],
  endpoints: readonly Endpoint[] = [],
): EndpointSlice {
  const { owner, family } = wanted;
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      generateName: prefixOf(owner.metadata.name!),
      namespace: owner.metadata.namespace!,
      labels: labelsOf(wanted),
      ownerReferences: [controlledBy(service, owner)],
    },
    addressType: family,
    ports: [...ports],
    endpoints: [...endpoints],
  };
}

function labelsOf({ owner, manager }: Wanted): Record<string, string> {
  const own = Object.entries(owner.metadata.labels ?? {}).filter(([name]) => !RESERVED.has(name));
  return {
    ...Object.fromEntries(own),
    ...(isHeadless(owner) && { [HEADLESS_LABEL]: "" }),
    [SERVICE_LABEL]: owner.metadata.name!,
    [MANAGED_BY_LABEL]: manager,
  };
}

function hasLabels({ metadata }: EndpointSlice, wanted: Wanted): boolean {
  return isDeepStrictEqual({ ...metadata.labels }, labelsOf(wanted));
}

function isPlaceholder(slice: EndpointSlice, placeholder: EndpointSlice, owner: Service): boolean {
  return (
    isOwned(slice, owner) &&
    !slice.ports?.length &&
    !slice.endpoints?.length &&
    isDeepStrictEqual({ ...slice.metadata.labels }, { ...placeholder.metadata.labels })
  );
}

function isOwned({ metadata }: EndpointSlice, owner: Service): boolean {
  return metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) ?? false;
}
