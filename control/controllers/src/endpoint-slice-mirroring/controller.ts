/**
 * EndpointSlice mirroring: Endpoints that people write by hand, for Services without a selector, are shown as EndpointSlices too, since
 * proxies and DNS read nothing else.
 */

import { isDeepStrictEqual } from "node:util";
import { endpoints as endpointsResource } from "@knarr/kinds/core/endpoints.ts";
import { service } from "@knarr/kinds/core/service.ts";
import { endpointSlice } from "@knarr/kinds/discovery/endpoint-slice.ts";
import type { Endpoints } from "@knarr/kinds/generated/core-v1.ts";
import type { EndpointSlice } from "@knarr/kinds/generated/discovery-v1.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import { defineController } from "@knarr/client/controller.ts";
import { slicesByService, write } from "../endpoint-slice/controller.ts";
import { MANAGED_BY_LABEL, portsKey, SERVICE_LABEL, type Changes } from "../endpoint-slice/slices.ts";
import { MANAGER, MAX_ADDRESSES, mirror } from "./mirror.ts";

const SKIP_LABEL = "endpointslice.kubernetes.io/skip-mirror";
const LEADER_ANNOTATION = "control-plane.alpha.kubernetes.io/leader";

export const endpointSliceMirroringController = defineController<Endpoints>({
  name: "endpointslicemirroring",
  eventSource: "endpoint-slice-mirroring-controller",
  for: endpointsResource,
  watches: [
    { resource: service, wakes: (object) => [keyOf(object)] },
    {
      resource: endpointSlice,
      wakes: (slice) =>
        isOurs(slice) ? [`${slice.metadata.namespace}/${slice.metadata.labels![SERVICE_LABEL]}`] : [],
    },
  ],
  indexes: [slicesByService],
  writes: { "endpointslices.discovery.k8s.io": ["create", "update", "delete"] },

  async reconcile(key, { cache, api, event }) {
    const existing = cache
      .by(slicesByService, key)
      .filter((slice) => isOurs(slice) && !slice.metadata.deletionTimestamp);
    const object = cache.get(endpointsResource, key);
    const owner = cache.get(service, key);
    if (!object || !isMirrored(object) || !owner || owner.spec?.selector !== undefined) {
      const gone = { metadata: object?.metadata ?? {} };
      await write({ owner: gone, api, plans: [{ create: [], update: [], remove: [...existing] }] });
      return;
    }
    const { slices, invalid, skipped } = mirror(object);
    if (invalid > 0) {
      const text = `Skipped ${invalid} invalid IP addresses when mirroring to EndpointSlices`;
      event(object, "Warning", "InvalidIPAddress", text);
    }
    if (skipped > 0) {
      const text = `A max of ${MAX_ADDRESSES} addresses can be mirrored to EndpointSlices per Endpoints subset. ${skipped} addresses were skipped`;
      event(object, "Warning", "TooManyAddressesToMirror", text);
    }
    await write({ owner: object, api, plans: [changesBetween(existing, slices)] });
  },
});

/** A slice keeps its name as long as there is one with its family and ports. */
function changesBetween(existing: readonly EndpointSlice[], wanted: readonly EndpointSlice[]): Changes {
  const changes: Changes = { create: [], update: [], remove: [...existing] };
  for (const slice of wanted) {
    const same = (other: EndpointSlice) =>
      other.addressType === slice.addressType && portsKey(other.ports) === portsKey(slice.ports);
    const index = changes.remove.findIndex(same);
    if (index < 0) {
      changes.create.push(slice);
      continue;
    }
    const [current] = changes.remove.splice(index, 1);
    if (isSame(current!, slice)) continue;
    const { generateName: _unused, ...metadata } = slice.metadata;
    const { name, resourceVersion, uid } = current!.metadata;
    changes.update.push({
      ...slice,
      metadata: { ...metadata, name: name!, resourceVersion: resourceVersion!, uid: uid! },
    });
  }
  return changes;
}

function isSame(a: EndpointSlice, b: EndpointSlice): boolean {
  return (
    isDeepStrictEqual(a.endpoints ?? [], b.endpoints ?? []) &&
    isDeepStrictEqual({ ...a.metadata.labels }, { ...b.metadata.labels }) &&
    isDeepStrictEqual({ ...a.metadata.annotations }, { ...b.metadata.annotations }) &&
    isDeepStrictEqual(a.metadata.ownerReferences, b.metadata.ownerReferences)
  );
}

function isMirrored({ metadata }: Endpoints): boolean {
  return metadata.labels?.[SKIP_LABEL] !== "true" && metadata.annotations?.[LEADER_ANNOTATION] === undefined;
}

function isOurs({ metadata }: EndpointSlice): boolean {
  return metadata.labels?.[MANAGED_BY_LABEL] === MANAGER && !!metadata.labels[SERVICE_LABEL];
}
