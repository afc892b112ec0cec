/**
 * A small API for tests of the agent: MemoryTransport, with what an agent cannot do without added to it, strategic merge
 * patches and the graceful deletion of pods.
 */

import { MemoryTransport } from "@knarr/client/testing/memory-transport.ts";
import type { TransportAnswer, TransportRequest } from "@knarr/client/transport.ts";
import { applyStrategicMergePatch } from "@knarr/machinery/patch/strategic-merge.ts";
import type { ApiObject, JsonObject } from "@knarr/machinery/object.ts";
import type { Pod, PodSpec } from "@knarr/kinds/generated/core-v1.ts";
import { definition } from "@knarr/schema/definitions.ts";

const HOLD = "test.knarr.dev/grace";

export class PodApi extends MemoryTransport {
  override async request(request: TransportRequest): Promise<TransportAnswer> {
    if (request.contentType === "application/strategic-merge-patch+json") return await this.#patch(request);
    if (request.method === "DELETE" && request.path.includes("/pods/")) return await this.#deletePod(request);
    return await super.request(request);
  }

  async createPod(name: string, spec: PodSpec, metadata: Pod["metadata"] = {}): Promise<Pod> {
    const full = {
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      dnsPolicy: "ClusterFirst",
      ...spec,
    };
    const body = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { ...metadata, name, generation: 1 },
      spec: full,
    };
    return (await super.request({ method: "POST", path: "/api/v1/namespaces/default/pods", body }))
      .body as Pod;
  }

  async pod(name: string): Promise<Pod> {
    return (await super.request({ method: "GET", path: pathOf(name) })).body as Pod;
  }

  /** As a user's `kubectl delete`. */
  async deletePod(name: string, gracePeriodSeconds = 30): Promise<void> {
    await this.request({ method: "DELETE", path: pathOf(name), body: { gracePeriodSeconds } });
  }

  /** Resolves with the first state of the pod that `is`; undefined when it is gone. */
  async until(
    name: string,
    is: (pod: Pod | undefined) => boolean,
    signal: AbortSignal,
  ): Promise<Pod | undefined> {
    const resource = {
      group: "",
      version: "v1",
      kind: "Pod",
      schema: "io.k8s.api.core.v1.Pod",
      plural: "pods",
      scope: "Namespaced",
    } as const;
    const selection = { namespace: "default" };
    const { items, metadata } = await this.list(resource, selection);
    let pod = items.find((item) => item.metadata.name === name) as Pod | undefined;
    if (is(pod)) return pod;
    for await (const events of this.watch(resource, selection, metadata.resourceVersion!, signal))
      for (const event of events) {
        const object = event.object as ApiObject;
        if (object.metadata.name !== name) continue;
        pod = event.type === "DELETED" ? undefined : (object as Pod);
        if (is(pod)) return pod;
      }
    throw new Error(
      `Pod ${name} never became what the test waits for; it is ${JSON.stringify(pod?.status, null, 1)}`,
    );
  }

  async #patch({ method: _, contentType: __, ...request }: TransportRequest): Promise<TransportAnswer> {
    const path = request.path.replace(/\/status$/, "");
    const current = (await super.request({ method: "GET", path })).body as ApiObject;
    const kind = path.includes("/nodes/") ? "Node" : "Pod";
    const schema = definition(`io.k8s.api.core.v1.${kind}`);
    const body = applyStrategicMergePatch(current as unknown as JsonObject, request.body, schema);
    return await super.request({ ...request, method: "PUT", body });
  }

  /** A pod with a node goes when its node says so: with grace 0. */
  async #deletePod(request: TransportRequest): Promise<TransportAnswer> {
    const { gracePeriodSeconds = 30, preconditions } = request.body as {
      gracePeriodSeconds?: number;
      preconditions?: { uid?: string };
    };
    const current = (await super.request({ method: "GET", path: request.path })).body as Pod;
    if (gracePeriodSeconds > 0) {
      const deletionTimestamp = new Date(Date.now() + gracePeriodSeconds * 1000).toISOString();
      const metadata = {
        deletionTimestamp,
        deletionGracePeriodSeconds: gracePeriodSeconds,
        finalizers: [HOLD],
      };
      return await super.request({ ...request, method: "PATCH", body: { metadata } });
    }
    if (preconditions?.uid !== undefined && preconditions.uid !== current.metadata?.uid)
      return await super.request(request);
    if (!current.metadata?.finalizers) return await super.request(request);
    return await super.request({ ...request, method: "PATCH", body: { metadata: { finalizers: null } } });
  }
}

function pathOf(name: string): string {
  return `/api/v1/namespaces/default/pods/${name}`;
}
