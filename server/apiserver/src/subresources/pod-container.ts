/** The pod and container that a request for logs, exec or attach means. */

import { pod as podKind } from "@knarr/kinds/core/pod.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { badRequest, notFound } from "@knarr/machinery/status.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import type { Parts } from "../pipeline/parts.ts";

export function podOf({ caches }: Parts, { namespace, name }: ApiRequest): Pod {
  const pod = caches.world.get(podKind, `${namespace}/${name}`);
  if (!pod) throw notFound({ group: "", resource: "pods" }, name);
  return pod;
}

/** The container named, or the only one there is. */
export function containerOf(pod: Pod, wanted: string): string {
  const name = pod.metadata?.name ?? "";
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  if (wanted !== "") {
    const all = [...initContainers, ...containers, ...ephemeralContainers];
    if (all.some((container) => container.name === wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${name}`);
  }
  if (containers.length === 1) return containers[0]!.name;
  const list = (some: readonly { name: string }[]): string => some.map((one) => one.name).join(" ");
  const inits = initContainers.length > 0 ? ` or one of the init containers: [${list(initContainers)}]` : "";
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${list(containers)}]${inits}`,
  );
}
