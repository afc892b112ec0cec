/**
 * Which pods are behind which Services, both ways, by index: a change of one pod costs the same with ten Services and
 * with ten thousand.
 */

import { node } from "@knarr/kinds/core/node.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import { service } from "@knarr/kinds/core/service.ts";
import type { Node, Pod, Service, ServicePort } from "@knarr/kinds/generated/core-v1.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import { defineIndex, type Cache } from "@knarr/client/cache.ts";
import type { Watch } from "@knarr/client/controller.ts";
import { isFinished, isReady } from "./pods.ts";

const ZONE_LABEL = "topology.kubernetes.io/zone";
export const HEADLESS_LABEL = "service.kubernetes.io/headless";

/** Each Service under one label that it selects by; a pod that it selects has that label. */
export const servicesByLabel = defineIndex<Service>({
  name: "Services by a label they select",
  of: service,
  values({ metadata, spec }) {
    const [name] = Object.keys(spec?.selector ?? {});
    if (name === undefined) return [];
    return [`${metadata.namespace}/${name}=${spec!.selector![name]}`];
  },
});

export const podsByNode = defineIndex<Pod>({
  name: "pods by node",
  of: pod,
  values: ({ spec }) => [spec?.nodeName || undefined],
});

/** Wakes the Services of pods whose place behind them may change. */
export const podsWakeServices: Watch<Pod> = {
  resource: pod,
  wakes(object, cache, previous) {
    if (!previous) return servicesOf(object, cache);
    if (previous.metadata.labels === object.metadata.labels || sameLabels(previous, object)) {
      return samePlace(previous, object) ? [] : servicesOf(object, cache);
    }
    return [...new Set([...servicesOf(object, cache), ...servicesOf(previous, cache)])];
  },
};

/** Wakes the Services of a node's pods when the node comes, goes or moves to another zone. */
export const nodesWakeServices: Watch<Node> = {
  resource: node,
  wakes(object, cache, previous) {
    if (previous && zoneOf(previous) === zoneOf(object)) return [];
    const pods = cache.by(podsByNode, object.metadata.name!);
    return [...new Set(pods.flatMap((p) => servicesOf(p, cache)))];
  },
};

export function zoneOf({ metadata }: Node): string | undefined {
  return metadata.labels?.[ZONE_LABEL] || undefined;
}

/** Keys of the Services that select `object`. */
function servicesOf({ metadata }: Pod, cache: Cache): readonly string[] {
  const labels = metadata.labels ?? {};
  return Object.entries(labels)
    .flatMap(([name, value]) => cache.by(servicesByLabel, `${metadata.namespace}/${name}=${value}`))
    .filter((candidate) => selects(candidate, labels))
    .map(keyOf);
}

/** The pods that `owner` selects and that have an address and are not over. */
export function podsBehind(owner: Service, cache: Cache): readonly Pod[] {
  return cache
    .list(pod, owner.metadata.namespace)
    .filter((p) => selects(owner, p.metadata.labels ?? {}) && hasAddress(p) && !isFinished(p));
}

/** Services without a selector, and names for somewhere else, get their endpoints from others. */
export function hasOwnEndpoints({ spec }: Service): boolean {
  return spec?.type === "ExternalName" || spec?.selector === undefined;
}

export function isHeadless({ spec }: Service): boolean {
  return !spec?.clusterIP || spec.clusterIP === "None";
}

/** The pod's host name, where it stands under the name of the Service. */
export function hostnameBehind(owner: Service, { spec }: Pod): string | undefined {
  return spec?.hostname && spec.subdomain === owner.metadata.name ? spec.hostname : undefined;
}

/** The number behind a port of a Service on this pod; a named one is looked for in containers and sidecars. */
export function targetPort(port: ServicePort, { spec }: Pod): number | undefined {
  const wanted = port.targetPort ?? port.port;
  if (typeof wanted === "number") return wanted;
  const sidecars = (spec?.initContainers ?? []).filter((c) => c.restartPolicy === "Always");
  for (const container of [...(spec?.containers ?? []), ...sidecars]) {
    for (const { name, protocol = "TCP", containerPort } of container.ports ?? []) {
      if (name === wanted && protocol === (port.protocol ?? "TCP")) return containerPort;
    }
  }
  return undefined;
}

function selects({ spec }: Service, labels: Readonly<Record<string, string>>): boolean {
  for (const name in spec?.selector) if (labels[name] !== spec.selector[name]) return false;
  return spec?.selector !== undefined;
}

function hasAddress({ status }: Pod): boolean {
  return !!status?.podIP || !!status?.podIPs?.length;
}

function sameLabels(a: Pod, b: Pod): boolean {
  const [before, after] = [a.metadata.labels ?? {}, b.metadata.labels ?? {}];
  const names = Object.keys(after);
  return names.length === Object.keys(before).length && names.every((name) => before[name] === after[name]);
}

/** Whether nothing changed that an endpoint shows. */
function samePlace(a: Pod, b: Pod): boolean {
  const addresses = ({ status }: Pod) => (status?.podIPs ?? []).map(({ ip }) => ip).join();
  return (
    a.metadata.deletionTimestamp === b.metadata.deletionTimestamp &&
    a.status?.podIP === b.status?.podIP &&
    addresses(a) === addresses(b) &&
    isReady(a) === isReady(b) &&
    isFinished(a) === isFinished(b) &&
    a.spec?.nodeName === b.spec?.nodeName
  );
}
