/** metrics.k8s.io: what nodes say, as rates, read only when somebody asks. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { apiService } from "@knarr/kinds/apiregistration/api-service.ts";
import { node } from "@knarr/kinds/core/node.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import { podMetrics } from "@knarr/kinds/metrics/pod-metrics.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { realClock, type Clock } from "@knarr/std/clock.ts";
import { startSecureServer, testCertificates } from "../testing/secure-server.ts";
import { parseSample } from "./sample.ts";
import { usedBetween } from "./usage.ts";

const { authority, serving } = testCertificates;
const ROOT = "/apis/metrics.k8s.io/v1beta1";

/** An agent whose containers use half a core each, and its time, in which the second between two looks takes none. */
async function startAgent() {
  const clock: Clock & { ms: number } = {
    ms: Math.floor(Date.now() / 1000) * 1000, // certificates are looked at by it
    now: () => clock.ms,
    sleep: async (ms, signal) => {
      if (ms === 1000) clock.ms += ms;
      else await realClock.sleep(ms, signal); // the server's own loops
    },
  };
  const started = clock.ms / 1000;
  const asked: string[] = [];
  const containers = ["main", "side"];
  const server = createServer({ cert: serving.certificate, key: serving.key }, (request, response) => {
    asked.push(request.url!);
    const seconds = (clock.ms / 1000 - started) / 2;
    const lines = containers.flatMap((name) => {
      const labels = `{container="${name}",namespace="default",pod="p"}`;
      return [
        `container_start_time_seconds${labels} ${started - 100}`,
        `container_cpu_usage_seconds_total${labels} ${100 + seconds} ${clock.ms}`,
        `container_memory_working_set_bytes${labels} 1048576 ${clock.ms}`,
      ];
    });
    const own = [`node_cpu_usage_seconds_total ${seconds}`, "node_memory_working_set_bytes 12345"];
    response.end(["# HELP x y", ...lines, ...own, ""].join("\n"));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    ...{ clock, asked, containers, port },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

test("kubectl top finds what nodes and pods use, measured over a window, and asks nodes only when asked", async () => {
  await using agent = await startAgent();
  const kubeletClient = { ...(await authority.client("api")), ca: authority.certificate };
  const { clock, asked, port } = agent;
  await using rig = await startSecureServer({ nodeMetrics: true, clock, kubeletClient });
  await rig.api.create(node, {
    metadata: { name: "n1", labels: { a: "b" } },
    status: {
      addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
    },
  } as never);
  await rig.api.create(node, { metadata: { name: "silent" } } as never);
  const spec = { nodeName: "n1", containers: [{ name: "main", image: "i" }] };
  await rig.api.create(pod, {
    metadata: { name: "p", namespace: "default", labels: { app: "p" } },
    spec,
  } as never);
  const get = async (path: string, accept = "application/json"): Promise<any> =>
    JSON.parse((await rig.get(ROOT + path, { accept })).body.toString());

  assert.deepEqual(asked, []);
  const { items } = await get("/nodes");
  assert.equal(asked.length, 2, "two looks, for a window");
  const time = formatTime(clock.ms);
  assert.deepEqual(items, [
    {
      metadata: { name: "n1", creationTimestamp: time, labels: { a: "b" } },
      timestamp: time,
      window: "1s",
      usage: { cpu: "500m", memory: "12345" },
    },
  ]);
  clock.ms += 10_000;
  const { containers, window } = await get("/namespaces/default/pods/p");
  assert.deepEqual(
    [containers, window],
    [["main", "side"].map((name) => ({ name, usage: { cpu: "500m", memory: "1Mi" } })), "1s"],
  );
  assert.equal(asked.length, 2, "seen a moment ago");
  clock.ms += 10_000;
  const [first] = (await get("/pods?labelSelector=app%3Dp")).items;
  assert.deepEqual([first.window, first.metadata.labels, asked.length], ["20s", { app: "p" }, 3]);
  assert.deepEqual((await get("/pods?labelSelector=app%3Dq")).items, []);
  const listed = await rig.api.list(podMetrics, { namespace: "default", labelSelector: "app=p" });
  assert.deepEqual(
    listed.items.map((one) => one.window),
    ["20s"],
    "clients in this process see the same",
  );
  const table = await get("/pods", "application/json;as=Table;v=v1;g=meta.k8s.io");
  assert.deepEqual(table.rows[0].cells, ["p", "1", "2Mi", "20s"]);

  agent.containers.push("late");
  clock.ms += 15_000;
  assert.deepEqual((await get("/pods")).items[0].containers.length, 3, "measured from its beginning");
  assert.equal((await get("/nodes/silent")).message, 'nodemetrics.metrics.k8s.io "silent" not found');
  assert.equal(
    (await get("/namespaces/default/pods/q")).message,
    'podmetrics.metrics.k8s.io "default/q" not found',
  );
});

test("metrics.k8s.io is found like any other group, and yields to a server that brings it", async () => {
  await using rig = await startSecureServer({ nodeMetrics: true });
  const { resources } = JSON.parse((await rig.get(ROOT)).body.toString());
  assert.deepEqual(
    resources.map(({ name, kind, verbs }: any) => [name, kind, verbs]),
    [
      ["nodes", "NodeMetrics", ["get", "list"]],
      ["pods", "PodMetrics", ["get", "list"]],
    ],
  );
  const document = JSON.parse((await rig.get(`/openapi/v3${ROOT}`)).body.toString());
  assert.ok(
    document.components.schemas["io.k8s.metrics.pkg.apis.metrics.v1beta1.PodMetrics"].properties.containers,
  );
  const own = await rig.api.get(apiService, "v1beta1.metrics.k8s.io");
  assert.deepEqual([own.metadata.labels, own.spec?.groupPriorityMinimum], [undefined, 100]);
  const service = { name: "metrics-server", namespace: "kube-system" };
  await rig.api.patch(apiService, "v1beta1.metrics.k8s.io", {
    spec: { service, insecureSkipTLSVerify: true },
  });
  assert.equal((await rig.get(`${ROOT}/nodes`)).code, 503);
});

test("parseSample reads Prometheus text; usedBetween tells rates, of what began meanwhile too", () => {
  const text =
    'container_cpu_usage_seconds_total{container="a\\"b",namespace="n",pod="p"} 3 5000\n' +
    'container_memory_working_set_bytes{container="a\\"b",namespace="n",pod="p"} 4096 5000\n' +
    'container_cpu_usage_seconds_total{container="half",namespace="n",pod="p"} 1\n';
  const { node: none, pods } = parseSample(text, 9000);
  assert.equal(none, undefined);
  const last = { time: 5000, cpuSeconds: 3, memoryBytes: 4096 };
  assert.deepEqual([...pods.get("n/p")!], [['a"b', last]]);
  const used = usedBetween({ ...last, time: 2000, cpuSeconds: 0 }, last);
  assert.deepEqual(used, { usage: { cpu: "1", memory: "4Ki" }, time: 5000, windowMs: 3000 });
  assert.equal(usedBetween({ ...last, cpuSeconds: 9, time: 1 }, last), undefined, "a counter that went back");
  assert.equal(usedBetween(last, last), undefined, "the same look");
  const young = { ...last, startedAt: 3000 };
  assert.equal(usedBetween({ ...young, startedAt: 10, time: 20 }, young)?.windowMs, 2000, "restarted");
  assert.equal(usedBetween(undefined, { ...young, startedAt: 4500 }), undefined, "too young");
});
