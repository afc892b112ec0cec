/**
 * EndpointSlice: the addresses behind each Service, in slices, for everybody who sends packets or answers names.
 *
 * Services without a selector are left to whoever writes their slices. What an endpoint says is `endpoint.ts`, how endpoints
 * are spread over slices is `slices.ts`.
 */

import { node } from "@knarr/kinds/core/node.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import { service } from "@knarr/kinds/core/service.ts";
import { endpointSlice } from "@knarr/kinds/discovery/endpoint-slice.ts";
import type { Pod, Service } from "@knarr/kinds/generated/core-v1.ts";
import type { Endpoint, EndpointSlice } from "@knarr/kinds/generated/discovery-v1.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import { isNotFound } from "@knarr/machinery/status.ts";
import type { Api } from "@knarr/client/api.ts";
import { defineIndex, type Cache } from "@knarr/client/cache.ts";
import { defineController } from "@knarr/client/controller.ts";
import { allDone, isNamespaceTerminating } from "../batches.ts";
import {
  hasOwnEndpoints,
  nodesWakeServices,
  podsBehind,
  podsByNode,
  podsWakeServices,
  servicesByLabel,
} from "../services.ts";
import { addressTypesOf, endpointOf, portsOf, type AddressType } from "./endpoint.ts";
import { MANAGED_BY_LABEL, planSlices, portsKey, SERVICE_LABEL, type Changes, type Group } from "./slices.ts";

const MANAGER = "endpointslice-controller.k8s.io";

export const slicesByService = defineIndex<EndpointSlice>({
  name: "EndpointSlices by Service",
  of: endpointSlice,
  values: ({ metadata }) => {
    const name = metadata.labels?.[SERVICE_LABEL];
    return name ? [`${metadata.namespace}/${name}`] : [];
  },
});

export const endpointSliceController = defineController<Service>({
  name: "endpointslice",
  eventSource: "endpoint-slice-controller",
  for: service,
  watches: [
    podsWakeServices,
    nodesWakeServices,
    {
      resource: endpointSlice,
      wakes: (slice, _cache, previous) =>
        [slice, previous].flatMap((each) => (each && isOurs(each) ? [ownerKey(each)] : [])),
    },
  ],
  worksWithout: [service, pod, endpointSlice],
  indexes: [servicesByLabel, podsByNode, slicesByService],
  writes: { "endpointslices.discovery.k8s.io": ["create", "update", "delete"] },

  async reconcile(key, { cache, api }) {
    const owner = cache.get(service, key);
    if (!owner || hasOwnEndpoints(owner)) return; // slices of a Service that is gone go with it
    const existing = cache
      .by(slicesByService, key)
      .filter((slice) => isOurs(slice) && !slice.metadata.deletionTimestamp);
    const pods = podsBehind(owner, cache);
    const families = addressTypesOf(owner);
    const plans = families.map((family) =>
      planSlices({
        owner,
        manager: MANAGER,
        family,
        groups: groupsOf(owner, pods, family, cache),
        existing: existing.filter((slice) => slice.addressType === family),
        identify,
      }),
    );
    const outdated = existing.filter(({ addressType }) => !families.includes(addressType as AddressType));
    await write({ owner, api, plans: [...plans, { create: [], update: [], remove: outdated }] });
  },
});

/** The pods of a Service by the ports they have. */
function groupsOf(owner: Service, pods: readonly Pod[], family: AddressType, cache: Cache): Group[] {
  const groups = new Map<string, { ports: Group["ports"]; endpoints: Map<string, Endpoint> }>();
  for (const pod of pods) {
    const onNode = cache.get(node, pod.spec?.nodeName ?? "");
    // A pod on a node that is gone waits for the pod collector; it comes back should the node appear.
    if (!onNode && !owner.spec!.publishNotReadyAddresses) continue;
    const endpoint = endpointOf(owner, pod, onNode, family);
    if (!endpoint) continue;
    const ports = portsOf(owner, pod);
    const key = portsKey(ports);
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { ports, endpoints: new Map() }));
    group.endpoints.set(identify(endpoint), endpoint);
  }
  return [...groups.values()];
}

function identify({ targetRef, addresses }: Endpoint): string {
  return targetRef?.uid ?? addresses.join();
}

function isOurs({ metadata }: EndpointSlice): boolean {
  return metadata.labels?.[MANAGED_BY_LABEL] === MANAGER && !!metadata.labels[SERVICE_LABEL];
}

function ownerKey({ metadata }: EndpointSlice): string {
  return `${metadata.namespace}/${metadata.labels![SERVICE_LABEL]}`;
}

export interface SliceWrites {
  readonly owner: { readonly metadata: Service["metadata"] };
  readonly api: Api;
  readonly plans: readonly Changes[];
}

/** Makes the plans real: what is new first, so that no endpoint is missing in between. */
export async function write({ owner, api, plans }: SliceWrites): Promise<void> {
  const isGoing = owner.metadata.deletionTimestamp !== undefined; // then its slices are being collected
  const create = isGoing ? [] : plans.flatMap((plan) => plan.create);
  try {
    await allDone(create.map((slice) => api.create(endpointSlice, slice)));
  } catch (err) {
    if (isNamespaceTerminating(err)) return;
    throw err;
  }
  await allDone(plans.flatMap((plan) => plan.update).map((slice) => api.update(endpointSlice, slice)));
  await allDone(
    plans
      .flatMap((plan) => plan.remove)
      .map((slice) =>
        api.delete(endpointSlice, keyOf(slice)).catch((err: unknown) => {
          if (!isNotFound(err)) throw err;
        }),
      ),
  );
}
