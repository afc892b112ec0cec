/** What pods request of a resource, in thousandths: what their utilization is a percentage of. */

import type { Container, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { aggregate } from "@knarr/kinds/shared/pod/aggregate.ts";
import { parseQuantity } from "@knarr/machinery/quantity.ts";

export interface Requested {
  readonly resource: string;
  /** Only of this one; default: of the pod. */
  readonly container?: string;
}

/** By name of pod. Throws when a pod or a container that counts requests nothing: then nobody knows how much is much. */
export function requestsOf(pods: readonly Pod[], requested: Requested): ReadonlyMap<string, number> {
  return new Map(pods.map((pod) => [pod.metadata.name!, requestOf(pod, requested)]));
}

function requestOf(pod: Pod, requested: Requested): number {
  const { container, resource } = requested;
  if (container === undefined && setsOwnRequests(pod)) return podLevelRequest(pod, resource);
  const counted = longRunning(pod).filter(({ name }) => container === undefined || name === container);
  if (container !== undefined && counted.length === 0)
    throw new Error(`container ${container} not found in Pod ${pod.metadata.name}`);
  return counted.reduce((total, { name, resources }) => {
    const request = resources?.requests?.[resource];
    if (request === undefined)
      throw new Error(`missing request for ${resource} in container ${name} of Pod ${pod.metadata.name}`);
    return total + parseQuantity(request).milliValue;
  }, 0);
}

function longRunning({ spec }: Pod): readonly Container[] {
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  return [...(spec?.containers ?? []), ...sidecars];
}

/** KEP-2837 */
function setsOwnRequests({ spec }: Pod): boolean {
  return Object.keys(spec?.resources?.requests ?? {}).length > 0;
}

/** What the pod says as a whole stands above the sum of its containers, and its overhead comes on top. */
function podLevelRequest({ metadata, spec }: Pod, resource: string): number {
  const request = spec!.resources!.requests![resource] ?? aggregate(spec!, "requests")[resource];
  const overhead = spec!.overhead?.[resource];
  if (request === undefined && overhead === undefined)
    throw new Error(`missing pod-level request for ${resource} in Pod ${metadata.name}`);
  return [request, overhead].reduce(
    (total, amount) => total + (amount === undefined ? 0 : parseQuantity(amount).milliValue),
    0,
  );
}
