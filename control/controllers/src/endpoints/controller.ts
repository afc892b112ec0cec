/**
 * Endpoints: the addresses behind each Service in the old form, one object each, for clients that do not know EndpointSlices.
 *
 * The object has its Service's name and labels; nothing owns it, so this controller removes it when the Service goes.
 */

import { isDeepStrictEqual } from "node:util";
import { endpoints } from "@knarr/kinds/core/endpoints.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import { service } from "@knarr/kinds/core/service.ts";
import type { EndpointAddress, Endpoints, Pod, Service } from "@knarr/kinds/generated/core-v1.ts";
import { canonicalIp, isIpv6Text } from "@knarr/machinery/addresses.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import { unlessGone } from "@knarr/machinery/status.ts";
import type { Cache } from "@knarr/client/cache.ts";
import { defineController } from "@knarr/client/controller.ts";
import { isNamespaceTerminating } from "../batches.ts";
import { isReady } from "../pods.ts";
import {
  HEADLESS_LABEL,
  hasOwnEndpoints,
  hostnameBehind,
  isHeadless,
  podsBehind,
  podsWakeServices,
  servicesByLabel,
  targetPort,
} from "../services.ts";
import { subsetsOf, truncated, type Member } from "./subsets.ts";

const MANAGED_BY_LABEL = "endpoints.kubernetes.io/managed-by";
const MANAGER = "endpoint-controller";
const OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity";

export const endpointsController = defineController<Service>({
  name: "endpoint",
  for: service,
  watches: [
    podsWakeServices,
    {
      resource: endpoints,
      wakes: (object) => (object.metadata.labels?.[MANAGED_BY_LABEL] === MANAGER ? [keyOf(object)] : []),
    },
  ],
  worksWithout: [service, pod, endpoints],
  indexes: [servicesByLabel],
  writes: { endpoints: ["create", "update", "delete"] },

  async reconcile(key, { cache, api, event }) {
    const owner = cache.get(service, key);
    const current = cache.get(endpoints, key);
    if (!owner) {
      if (current) await api.delete(endpoints, key, { uid: current.metadata.uid! }).catch(unlessGone);
      return;
    }
    if (hasOwnEndpoints(owner)) return;

    const wanted = endpointsOf(owner, current, cache);
    if (current && isSame(current, wanted)) return;
    try {
      if (current) await api.update(endpoints, wanted);
      else await api.create(endpoints, wanted);
    } catch (err) {
      if (isNamespaceTerminating(err)) return;
      const { message } = err as Error;
      if (current) {
        event(wanted, "Warning", "FailedToUpdateEndpoint", `Failed to update endpoint ${key}: ${message}`);
      } else {
        const text = `Failed to create endpoint for service ${key}: ${message}`;
        event(wanted, "Warning", "FailedToCreateEndpoint", text);
      }
      throw err;
    }
  },
});

function endpointsOf(owner: Service, current: Endpoints | undefined, cache: Cache): Endpoints {
  const { subsets, isCut } = truncated(
    subsetsOf(podsBehind(owner, cache).flatMap((p) => membersOf(owner, p))),
  );
  const { [HEADLESS_LABEL]: _headless, ...labels } = owner.metadata.labels ?? {};
  const { [OVER_CAPACITY]: _cut, ...annotations } = current?.metadata.annotations ?? {};
  if (isCut) annotations[OVER_CAPACITY] = "truncated";
  return {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: {
      ...current?.metadata,
      name: owner.metadata.name!,
      namespace: owner.metadata.namespace!,
      labels: { ...labels, ...(isHeadless(owner) && { [HEADLESS_LABEL]: "" }), [MANAGED_BY_LABEL]: MANAGER },
      ...((current?.metadata.annotations || isCut) && { annotations }),
    },
    ...(subsets.length > 0 && { subsets }),
  };
}

/** One for each port that the pod has. */
function membersOf(owner: Service, pod: Pod): readonly Member[] {
  const tolerant = owner.spec!.publishNotReadyAddresses === true;
  if (pod.metadata.deletionTimestamp && !tolerant) return [];
  const address = addressOf(owner, pod);
  if (!address) return [];
  const ready = tolerant || isReady(pod);
  const ports = owner.spec!.ports ?? [];
  if (ports.length === 0) {
    return owner.spec!.clusterIP === "None" ? [{ address, port: undefined, ready }] : [];
  }
  return ports.flatMap((port) => {
    const number = targetPort(port, pod);
    if (number === undefined) return [];
    const { name, protocol = "TCP", appProtocol } = port;
    const details = { ...(name && { name }), ...(appProtocol !== undefined && { appProtocol }) };
    return [{ address, ready, port: { ...details, port: number, protocol } }];
  });
}

/** The pod's address of the Service's first family. */
function addressOf(owner: Service, pod: Pod): EndpointAddress | undefined {
  const { ipFamilies, clusterIP } = owner.spec!;
  const example = clusterIP && clusterIP !== "None" ? clusterIP : (pod.status!.podIP ?? "");
  const wantsIpv6 = ipFamilies?.length ? ipFamilies[0] === "IPv6" : isIpv6Text(example);
  const found = pod.status!.podIPs?.find(({ ip }) => isIpv6Text(ip) === wantsIpv6)?.ip;
  if (found === undefined) return undefined;
  const { namespace, name, uid } = pod.metadata;
  const hostname = hostnameBehind(owner, pod);
  return {
    ip: canonicalIp(found) ?? found,
    ...(hostname && { hostname }),
    ...(pod.spec!.nodeName && { nodeName: pod.spec!.nodeName }),
    targetRef: { kind: "Pod", namespace: namespace!, name: name!, uid: uid! },
  };
}

function isSame(current: Endpoints, wanted: Endpoints): boolean {
  return (
    isDeepStrictEqual(current.subsets ?? [], wanted.subsets ?? []) &&
    isDeepStrictEqual({ ...current.metadata.labels }, { ...wanted.metadata.labels }) &&
    current.metadata.annotations?.[OVER_CAPACITY] === wanted.metadata.annotations?.[OVER_CAPACITY]
  );
}
