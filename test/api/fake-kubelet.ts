/**
 * A node on which nothing runs: keeps a Node Ready and its Lease fresh, says of the pods bound to it that they run, and lets those go
 * that are deleted. Pods annotated `rig/held` stay as they are, for tests about what happens before or after; those annotated
 * `rig/ends` have ended well as soon as they are there.
 */

import { createApi } from "@knarr/client/create-api.ts";
import { defineController } from "@knarr/client/controller.ts";
import { runControllers } from "@knarr/client/run-controllers.ts";
import type { Transport } from "@knarr/client/transport.ts";
import { lease } from "@knarr/kinds/coordination/lease.ts";
import { node as nodes } from "@knarr/kinds/core/node.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { Container, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import { realClock } from "@knarr/std/clock.ts";
import { silent } from "@knarr/std/log.ts";

const LEASE_NAMESPACE = "kube-node-lease";
const RENEWAL_MS = 10_000;
const now = (): string => new Date().toISOString().replace(/\.\d+Z$/, "Z");

export async function startFakeKubelet(transport: Transport, name: string): Promise<AsyncDisposable> {
  const api = createApi(transport);
  const stop = new AbortController();
  await api.create(nodes, {
    metadata: { name, labels: { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" } },
  });
  const metadata = { name, namespace: LEASE_NAMESPACE };
  const renewTime = () => new Date().toISOString().replace("Z", "000Z");
  await api.create(lease, {
    metadata,
    spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: renewTime() },
  });
  await api.patch(nodes, name, { status: statusOf(name) }, { subresource: "status", type: "merge" });
  const timer = setInterval(() => {
    const renewed = { spec: { renewTime: renewTime() } };
    // Without its Lease the node is NotReady soon, and tests say so.
    api.patch(lease, `${LEASE_NAMESPACE}/${name}`, renewed).catch(() => clearInterval(timer));
  }, RENEWAL_MS);
  const running = await runControllers([kubelet(name)], {
    transport,
    clock: realClock,
    log: silent,
    signal: stop.signal,
  });
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      stop.abort();
      await running[Symbol.asyncDispose]();
    },
  };
}

const kubelet = (name: string) =>
  defineController<Pod>({
    name: "fake-kubelet",
    for: pods,
    writes: { pods: ["delete"], "pods/status": ["patch"] },
    async reconcile(key, { cache, api }) {
      const pod = cache.get(pods, key);
      if (pod?.spec?.nodeName !== name || pod.metadata.annotations?.["rig/held"]) return;
      if (pod.metadata.deletionTimestamp) {
        await api.delete(pods, keyOf(pod), { gracePeriodSeconds: 0, uid: pod.metadata.uid! });
      } else if (pod.status?.phase === "Pending") {
        await api.patch(
          pods,
          keyOf(pod),
          { status: isEnding(pod) ? endedStatus(pod) : runningStatus(pod) },
          { subresource: "status", type: "merge" },
        );
      }
    },
  });

function isEnding({ metadata }: Pod): boolean {
  return metadata?.annotations?.["rig/ends"] !== undefined;
}

function endedStatus(pod: Pod): object {
  const terminated = { exitCode: 0, reason: "Completed", startedAt: now(), finishedAt: now() };
  const running = runningStatus(pod);
  const containerStatuses = running.containerStatuses!.map((status) => ({
    ...status,
    ...{ ready: false, started: false, state: { terminated } },
  }));
  return { ...running, phase: "Succeeded", containerStatuses };
}

function runningStatus(pod: Pod): Pod["status"] & object {
  const at = now();
  const condition = (type: string) => ({ type, status: "True", lastTransitionTime: at });
  return {
    phase: "Running",
    startTime: at,
    hostIP: "192.0.2.1",
    podIP: "192.0.2.2",
    podIPs: [{ ip: "192.0.2.2" }],
    conditions: ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map(condition),
    containerStatuses: pod.spec!.containers.map(({ name, image }: Container) => ({
      name,
      image: image!,
      imageID: "",
      ready: true,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: at } },
    })),
  };
}

function statusOf(name: string): object {
  const amounts = { cpu: "8", memory: "16Gi", pods: "110", "ephemeral-storage": "100Gi" };
  const at = now();
  return {
    capacity: amounts,
    allocatable: amounts,
    addresses: [
      { type: "InternalIP", address: "192.0.2.1" },
      { type: "Hostname", address: name },
    ],
    nodeInfo: {
      ...{ machineID: "m", systemUUID: "s", bootID: "b", kernelVersion: "6.1", osImage: "None" },
      ...{ containerRuntimeVersion: "fake://1", kubeletVersion: "v1.36.3", kubeProxyVersion: "" },
      ...{ operatingSystem: "linux", architecture: "amd64" },
    },
    conditions: [
      {
        ...{ type: "Ready", status: "True", reason: "KubeletReady", message: "it says so" },
        ...{ lastHeartbeatTime: at, lastTransitionTime: at },
      },
    ],
  };
}
