/**
 * The heart of the API server without its sockets: the cache over SQLite on this disk. Objects are written, read, listed and watched as
 * requests do it, so what is missing to the API server's own figures is TLS, HTTP, authentication and admission.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCaches } from "@knarr/apiserver/cache/open-caches.ts";
import type { Caches, ResourceCache } from "@knarr/apiserver/cache/cache.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import { parseFieldSelector } from "@knarr/machinery/fields.ts";
import { SqliteStore } from "@knarr/store/drivers/sqlite.ts";
import { HEADER, measure, residentMegabytes, row } from "./measure.ts";

const pids = [process.pid];

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(process.env["KNARR_BENCH_DIR"] ?? tmpdir(), "knarr-bench-cache-"));
  const path = join(folder, "store.db");
  try {
    console.log(HEADER);
    {
      await using store = await SqliteStore.open({ path });
      await using caches = await openCaches({ store, resources: [pod] });
      await writes(caches);
      await reads(caches);
      await watches(caches);
    }
    await start(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

let made = 0;
const key = (i: number): string => `default/pod-${i}`;

async function writes(caches: Caches): Promise<void> {
  const pods: ResourceCache<any> = caches.of(pod);
  for (const [clients, total] of [
    [1, 1000],
    [16, 9000],
  ] as const) {
    const name = `create, ${clients} writers`;
    console.log(
      row(
        await measure(name, { total, clients, pids }, () => {
          const i = made++;
          return pods.create(key(i), podOf(i));
        }),
      ),
    );
  }
  let round = 0;
  const update = (i: number) =>
    pods.update(key(i), (current) => ({ ...current, status: { ...current.status, message: `${round++}` } }));
  console.log(row(await measure("update, 16 writers", { total: 9000, clients: 16, pids }, update)));
}

async function reads(caches: Caches): Promise<void> {
  const pods: ResourceCache<any> = caches.of(pod);
  await pods.create("small/one", podOf(0, "small"));
  for (let i = 0; i < 1000; i++) await pods.create(`thousand/pod-${i}`, podOf(i, "thousand"));
  console.log(
    row(
      await measure(
        "get (bytes)",
        { total: 200_000, clients: 1, pids },
        async (i) => pods.get(key(i % 10_000))!.bytes,
      ),
    ),
  );
  const list = async () => {
    const { items } = await pods.list({ namespace: "thousand" });
    return Buffer.concat(items.map(({ bytes }) => bytes));
  };
  console.log(
    row(await measure("list of 1,000 of 11,000 pods (bytes)", { total: 500, clients: 1, pids }, list)),
  );
  const onNode = () => pods.list({ fieldSelector: parseFieldSelector("spec.nodeName=node-7") });
  console.log(row(await measure("list of a node's 110 pods", { total: 5000, clients: 1, pids }, onNode)));
}

async function watches(caches: Caches): Promise<void> {
  const pods: ResourceCache<any> = caches.of(pod);
  for (const [name, query] of [
    ["100 watchers of everything", () => ({})],
    [
      "100 watchers of a node each",
      (i: number) => ({ fieldSelector: parseFieldSelector(`spec.nodeName=node-${i}`) }),
    ],
  ] as const) {
    let delivered = 0;
    let bytes = 0;
    const watching = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        pods.watch(
          { ...query(i), resourceVersion: String(caches.revision) },
          {
            deliver(batch) {
              delivered += batch.events.length;
              bytes += batch.frames().length;
              return true;
            },
            end() {},
          },
        ),
      ),
    );
    const started = performance.now();
    const update = (i: number) =>
      pods.update(key(i), (current) => ({ ...current, status: { ...current.status, message: name } }));
    console.log(
      row(await measure(`update, 16 writers, ${name}`, { total: 9000, clients: 16, pids }, update)),
    );
    const perSecond = (delivered / (performance.now() - started)) * 1000;
    console.log(`|   events delivered (${bytes >> 20} MiB) | ${perSecond.toFixed(0)} | | | |`);
    for (const watch of watching) watch.stop();
  }
}

async function start(path: string): Promise<void> {
  globalThis.gc?.();
  const before = residentMegabytes(pids);
  const started = performance.now();
  await using store = await SqliteStore.open({ path });
  const opened = performance.now();
  await using caches = await openCaches({ store, resources: [pod] });
  const loaded = performance.now();
  const items = caches.of(pod).items();
  const bytes = items.reduce((sum, item) => sum + item.bytes.length, 0);
  console.log(
    `\nopened the store in ${(opened - started).toFixed(0)} ms, loaded ${items.length} pods in ${(loaded - opened).toFixed(0)} ms`,
  );
  globalThis.gc?.();
  const { heapUsed } = process.memoryUsage();
  console.log(
    `${(bytes / items.length).toFixed(0)} bytes each, heap ${(heapUsed / items.length).toFixed(0)} bytes for each, resident ${before.toFixed(0)} -> ${residentMegabytes(pids).toFixed(0)} MB`,
  );
}

/** An ordinary pod as a Deployment makes it, managed fields left out. */
function podOf(i: number, namespace = "default"): any {
  const name = `pod-${i}`;
  return {
    metadata: {
      name,
      generateName: "pod-",
      namespace,
      uid: crypto.randomUUID(),
      creationTimestamp: "2026-01-01T00:00:00Z",
      generation: 1,
      labels: { app: "web", "pod-template-hash": "5d4f8c7b9" },
      ownerReferences: [
        {
          apiVersion: "apps/v1",
          kind: "ReplicaSet",
          name: "web-5d4f8c7b9",
          uid: "7a1b9d2e-0000-4000-8000-000000000000",
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      nodeName: `node-${i % 100}`,
      containers: [
        {
          name: "web",
          image: "registry.example.org/web:1.0",
          ports: [{ containerPort: 80, protocol: "TCP" }],
          env: [{ name: "MODE", value: "production" }],
          resources: { limits: { cpu: "500m", memory: "128Mi" }, requests: { cpu: "100m", memory: "64Mi" } },
          readinessProbe: {
            httpGet: { path: "/", port: 80, scheme: "HTTP" },
            timeoutSeconds: 1,
            periodSeconds: 10,
            successThreshold: 1,
            failureThreshold: 3,
          },
          terminationMessagePath: "/dev/termination-log",
          terminationMessagePolicy: "File",
          imagePullPolicy: "IfNotPresent",
        },
      ],
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      dnsPolicy: "ClusterFirst",
      serviceAccountName: "default",
      securityContext: {},
      schedulerName: "default-scheduler",
      tolerations: [
        {
          key: "node.kubernetes.io/not-ready",
          operator: "Exists",
          effect: "NoExecute",
          tolerationSeconds: 300,
        },
        {
          key: "node.kubernetes.io/unreachable",
          operator: "Exists",
          effect: "NoExecute",
          tolerationSeconds: 300,
        },
      ],
      priority: 0,
      enableServiceLinks: true,
      preemptionPolicy: "PreemptLowerPriority",
    },
    status: { phase: "Pending", qosClass: "Burstable" },
  };
}
