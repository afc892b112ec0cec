/** Quotas hold: of many writes at once no more pass than there is room for, and what fails gives back what it took. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { persistentVolumeClaim } from "@knarr/kinds/core/persistent-volume-claim.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import { resourceQuota } from "@knarr/kinds/core/resource-quota.ts";
import { service } from "@knarr/kinds/core/service.ts";
import type { Pod, ResourceQuotaSpec } from "@knarr/kinds/generated/core-v1.ts";
import { startTestServer, type TestServer } from "../../testing/server.ts";

type Amounts = Record<string, string>;

/** A quota whose usage somebody has counted. */
async function limit({ api }: TestServer, spec: ResourceQuotaSpec, name = "quota"): Promise<void> {
  const made = await api.create(resourceQuota, { metadata: { name, namespace: "default" }, spec });
  const hard = made.spec!.hard!;
  const used = Object.fromEntries(Object.keys(hard).map((resource) => [resource, "0"]));
  await api.updateStatus(resourceQuota, { ...made, status: { hard, used } });
}

async function used({ api }: TestServer, name = "quota"): Promise<Amounts | undefined> {
  return (await api.get(resourceQuota, `default/${name}`)).status?.used;
}

const run = ({ api }: TestServer, name: string, spec: object = {}): Promise<Pod> =>
  api.create(pod, {
    metadata: { name, namespace: "default" },
    spec: { containers: [{ name: "c", image: "i" }], ...spec },
  } as never);

const asking = (requests: Amounts, limits: Amounts = {}) => ({
  containers: [{ name: "c", image: "i", resources: { requests, limits } }],
});

const outcomes = (all: readonly PromiseSettledResult<unknown>[]): number =>
  all.filter(({ status }) => status === "fulfilled").length;

test("of many pods at once as many are made as there is room for", async () => {
  await using rig = await startTestServer();
  await limit(rig, { hard: { pods: "5", "requests.cpu": "10" } });
  const made = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) => run(rig, `web-${i}`, asking({ cpu: "1" }))),
  );
  assert.equal(outcomes(made), 5);
  assert.deepEqual(await used(rig), { pods: "5", "requests.cpu": "5" });
  await assert.rejects(
    run(rig, "late", asking({ cpu: "6" })),
    /pods "late" is forbidden: exceeded quota: quota, requested: pods=1,requests\.cpu=6, used: pods=5,requests\.cpu=5, limited: pods=5,requests\.cpu=10$/,
  );
});

test("a pod that another quota refuses costs nothing", async () => {
  await using rig = await startTestServer();
  await limit(rig, { hard: { pods: "9" } }, "many");
  await limit(rig, { hard: { "count/pods": "2" } }, "few");
  const made = await Promise.allSettled(Array.from({ length: 6 }, (_, i) => run(rig, `web-${i}`)));
  assert.equal(outcomes(made), 2);
  assert.deepEqual([await used(rig, "many"), await used(rig, "few")], [{ pods: "2" }, { "count/pods": "2" }]);
});

test("a dry run looks for room and takes none", async () => {
  await using rig = await startTestServer();
  await limit(rig, { hard: { configmaps: "1" } });
  const path = "/api/v1/namespaces/default/configmaps";
  const dry = (name: string): Promise<unknown> =>
    rig.transport.request({ method: "POST", path, query: { dryRun: "All" }, body: { metadata: { name } } });
  await dry("a");
  assert.deepEqual(await used(rig), { configmaps: "0" });
  await rig.api.create(configMap, { metadata: { name: "a", namespace: "default" } });
  await assert.rejects(dry("b"), /exceeded quota: quota, requested: configmaps=1, used: configmaps=1/);
});

test("what is not made after all gives back what it took", async () => {
  await using rig = await startTestServer();
  await limit(rig, { hard: { "count/configmaps": "5" } });
  const make = (): Promise<unknown> =>
    rig.api.create(configMap, { metadata: { name: "a", namespace: "default" } });
  await make();
  await assert.rejects(make(), /already exists/);
  assert.deepEqual(await used(rig), { "count/configmaps": "1" });
});

test("a service pays for what its type adds", async () => {
  await using rig = await startTestServer();
  await limit(rig, { hard: { services: "2", "services.nodeports": "1", "services.loadbalancers": "0" } });
  const ports = [{ port: 80 }, { port: 81, name: "b" }].map((port, i) => ({ name: `p${i}`, ...port }));
  const made = await rig.api.create(service, {
    metadata: { name: "a", namespace: "default" },
    spec: { ports, selector: { a: "b" } },
  } as never);
  await assert.rejects(
    rig.api.update(service, { ...made, spec: { ...made.spec, type: "NodePort" } } as never),
    /exceeded quota: quota, requested: services\.nodeports=2, used: services\.nodeports=0, limited: services\.nodeports=1/,
  );
  await assert.rejects(
    rig.api.update(service, {
      ...made,
      spec: { ...made.spec, type: "LoadBalancer", allocateLoadBalancerNodePorts: false },
    } as never),
    /requested: services\.loadbalancers=1, used: services\.loadbalancers=0, limited: services\.loadbalancers=0/,
  );
  assert.deepEqual(await used(rig), {
    services: "1",
    "services.nodeports": "0",
    "services.loadbalancers": "0",
  });
});

test("scopes choose what is counted, and limits of CPU and memory oblige to say what is asked for", async () => {
  await using rig = await startTestServer();
  await limit(rig, { hard: { pods: "1" }, scopes: ["BestEffort"] }, "best-effort");
  await limit(rig, { hard: { "limits.memory": "1Gi", cpu: "1" }, scopes: ["NotBestEffort"] }, "rest");
  await run(rig, "a");
  await assert.rejects(run(rig, "b"), /exceeded quota: best-effort, requested: pods=1/);
  await assert.rejects(
    run(rig, "c", asking({ memory: "1Mi" })),
    /failed quota: rest: must specify cpu for: c; limits\.memory for: c$/,
  );
  await run(rig, "d", asking({ cpu: "500m" }, { memory: "512Mi" }));
  assert.deepEqual(await used(rig, "rest"), { "limits.memory": "512Mi", cpu: "500m" });
});

test("nothing is counted against a quota that nobody has counted yet", async () => {
  await using rig = await startTestServer();
  const made = await rig.api.create(resourceQuota, {
    metadata: { name: "quota", namespace: "default" },
    spec: { hard: { pods: "1" } },
  });
  await run(rig, "a");
  await rig.api.updateStatus(resourceQuota, { ...made, status: { hard: { pods: "1" } } });
  await assert.rejects(run(rig, "b"), /status unknown for quota: quota, resources: pods/);
});

test("what an administrator limits may be used only where a quota says how much", async () => {
  const folder = mkdtempSync(join(tmpdir(), "knarr-quota-"));
  const path = join(folder, "admission.yaml");
  writeFileSync(
    path,
    `
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
  - name: ResourceQuota
    configuration:
      apiVersion: apiserver.config.k8s.io/v1
      kind: ResourceQuotaConfiguration
      limitedResources:
        - resource: persistentvolumeclaims
          matchContains: [gold.storageclass.storage.k8s.io/requests.storage]
        - resource: pods
          matchScopes: [{ scopeName: PriorityClass, operator: In, values: [system-node-critical] }]
`,
  );
  await using rig = await startTestServer({ admissionConfig: path });
  rmSync(folder, { recursive: true });
  const claim = (storageClassName: string): Promise<unknown> =>
    rig.api.create(persistentVolumeClaim, {
      metadata: { generateName: "data-", namespace: "default" },
      spec: {
        accessModes: ["ReadWriteOnce"],
        storageClassName,
        resources: { requests: { storage: "1Gi" } },
      },
    });
  await claim("silver");
  await assert.rejects(
    claim("gold"),
    /is forbidden: insufficient quota to consume: gold\.storageclass\.storage\.k8s\.io\/requests\.storage$/,
  );
  const critical = { priorityClassName: "system-node-critical" };
  await assert.rejects(run(rig, "a", critical), {
    message: "insufficient quota to match these scopes: [{PriorityClass In [system-node-critical]}]",
  });
  await limit(rig, {
    hard: { pods: "1" },
    scopeSelector: {
      matchExpressions: [{ scopeName: "PriorityClass", operator: "In", values: ["system-node-critical"] }],
    },
  });
  await run(rig, "a", critical);
});
