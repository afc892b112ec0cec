/**
 * Pods scheduled a second on 5,000 nodes, over an API in memory, so that the scheduler alone is measured: decisions, bindings, events.
 * Pods wait before it starts; basic ones with requests only, and ones that keep away from their like by pod anti-affinity or seek them by affinity.
 */

import { createApi } from "@knarr/client/create-api.ts";
import { MemoryTransport } from "@knarr/client/testing/memory-transport.ts";
import { node as nodes } from "@knarr/kinds/core/node.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { Node, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { startScheduler } from "@knarr/scheduler/start.ts";
import { silent } from "@knarr/std/log.ts";

const NODES = 5000;
const ZONES = 10;

export async function run(): Promise<void> {
  console.log("| pods | scheduled/s | budget |\n|---|---|---|");
  await measureKind("5,000 basic", 5000, 1000, () => ({}));
  await measureKind("1,000 with pod anti-affinity", 1000, 150, (i) => ({
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          {
            labelSelector: { matchLabels: { app: `app-${i % 100}` } },
            topologyKey: "kubernetes.io/hostname",
          },
        ],
      },
    },
  }));
  await measureKind("1,000 with preferred pod affinity in a zone", 1000, 150, (i) => ({
    affinity: {
      podAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 50,
            podAffinityTerm: {
              labelSelector: { matchLabels: { app: `app-${i % 100}` } },
              topologyKey: "topology.kubernetes.io/zone",
            },
          },
        ],
      },
    },
  }));
}

async function measureKind(
  name: string,
  total: number,
  budget: number,
  spec: (i: number) => Partial<NonNullable<Pod["spec"]>>,
): Promise<void> {
  const transport = new MemoryTransport();
  const api = createApi(transport);
  for (let i = 0; i < NODES; i++) await api.create(nodes, node(i));
  for (let i = 0; i < total; i++) await api.create(pods, pod(i, spec(i)));
  const begun = performance.now();
  await using _scheduler = await startScheduler({ transport, log: silent });
  for (;;) {
    const { items } = await api.list(pods);
    if (items.every(({ spec }) => spec?.nodeName)) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  console.log(`| ${name} | ${Math.round(total / ((performance.now() - begun) / 1000))} | ${budget} |`);
}

function node(i: number): Node {
  const name = `node-${i}`;
  const zone = `zone-${i % ZONES}`;
  const room = { cpu: "4", memory: "32Gi", pods: "110" };
  const labels = { "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone };
  return { metadata: { name, labels }, spec: {}, status: { allocatable: room, capacity: room } };
}

function pod(i: number, spec: Partial<NonNullable<Pod["spec"]>>): Pod {
  return {
    metadata: { name: `pod-${i}`, namespace: "default", labels: { app: `app-${i % 100}` } },
    spec: {
      schedulerName: "default-scheduler",
      containers: [{ name: "main", resources: { requests: { cpu: "100m", memory: "500Mi" } } }],
      ...spec,
    },
  };
}
