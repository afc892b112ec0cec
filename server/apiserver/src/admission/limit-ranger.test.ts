/** LimitRanges fill in what containers leave open, and bound what they ask for. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { limitRange } from "@knarr/kinds/core/limit-range.ts";
import { persistentVolumeClaim } from "@knarr/kinds/core/persistent-volume-claim.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import type { Container, LimitRangeItem, Pod, PodSpec } from "@knarr/kinds/generated/core-v1.ts";
import { startTestServer, type TestServer } from "../testing/server.ts";

type Amounts = Record<string, string>;

const container = (name: string, requests?: Amounts, limits?: Amounts): Container =>
  ({ name, image: "i", resources: { ...(requests && { requests }), ...(limits && { limits }) } }) as never;

const limit = ({ api }: TestServer, ...limits: LimitRangeItem[]): Promise<unknown> =>
  api.create(limitRange, { metadata: { name: "limits", namespace: "default" }, spec: { limits } });

const run = ({ api }: TestServer, spec: PodSpec): Promise<Pod> =>
  api.create(pod, { metadata: { generateName: "web-", namespace: "default" }, spec } as never);

test("containers get what they leave open, and an annotation says so", async () => {
  await using rig = await startTestServer();
  await limit(rig, {
    type: "Container",
    default: { cpu: "200m", memory: "1Gi" },
    defaultRequest: { cpu: "100m" },
  });
  const { metadata, spec } = await run(rig, {
    containers: [container("a", { cpu: "1" }, { cpu: "2" })],
    initContainers: [container("b")],
  });
  assert.deepEqual(spec?.containers[0]?.resources, {
    requests: { cpu: "1", memory: "1Gi" },
    limits: { cpu: "2", memory: "1Gi" },
  });
  assert.equal(
    metadata?.annotations?.["kubernetes.io/limit-ranger"],
    "LimitRanger plugin set: memory request for container a; memory limit for container a; cpu, memory request for init container b; cpu, memory limit for init container b",
  );
});

for (const [what, type, spec, message] of [
  [
    "each container",
    "Container",
    { containers: [container("a", { cpu: "50m" }, { cpu: "2" }), container("b")] },
    "[minimum cpu usage per Container is 100m, but request is 50m, maximum cpu usage per Container is 1, but limit is 2, cpu max limit to request ratio per Container is 3, but provided ratio is 40.000000]",
  ],
  [
    "the sum of a pod",
    "Pod",
    { containers: ["a", "b"].map((name) => container(name, { cpu: "400m" }, { cpu: "600m" })) },
    "maximum cpu usage per Pod is 1, but limit is 1200m",
  ],
  [
    "what a pod asks for as a whole",
    "Pod",
    {
      resources: { requests: { cpu: "50m" }, limits: { cpu: "100m" } },
      containers: [container("a")],
    },
    "minimum cpu usage per Pod is 100m, but request is 50m",
  ],
] as const)
  test(`limits hold for ${what}`, async () => {
    await using rig = await startTestServer();
    const bounds = { min: { cpu: "100m" }, max: { cpu: "1" }, maxLimitRequestRatio: { cpu: "3" } };
    await limit(rig, { type, ...bounds });
    await assert.rejects(run(rig, spec as never), ({ message: said }: Error) =>
      said.endsWith(`is forbidden: ${message}`),
    );
  });

test("limits hold for volume claims", async () => {
  await using rig = await startTestServer();
  await limit(rig, { type: "PersistentVolumeClaim", min: { storage: "1Gi" }, max: { storage: "10Gi" } });
  const claim = (storage: string): Promise<unknown> =>
    rig.api.create(persistentVolumeClaim, {
      metadata: { name: "data", namespace: "default" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } },
    });
  await assert.rejects(
    claim("1Mi"),
    /minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi/,
  );
  await assert.rejects(
    claim("20Gi"),
    /maximum storage usage per PersistentVolumeClaim is 10Gi, but request is 20Gi/,
  );
  await claim("5Gi");
});
