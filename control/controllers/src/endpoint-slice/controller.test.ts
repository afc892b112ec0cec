/** Services, their pods, and what both kinds of endpoints say of them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { endpoints } from "@knarr/kinds/core/endpoints.ts";
import { node as nodes } from "@knarr/kinds/core/node.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import { service as services } from "@knarr/kinds/core/service.ts";
import { endpointSlice } from "@knarr/kinds/discovery/endpoint-slice.ts";
import type { Pod, Service } from "@knarr/kinds/generated/core-v1.ts";
import { endpointSliceMirroringController } from "../endpoint-slice-mirroring/controller.ts";
import { endpointsController } from "../endpoints/controller.ts";
import { makeWorld } from "../testing/world.ts";
import { endpointSliceController } from "./controller.ts";

const makeCluster = () =>
  makeWorld([endpointSliceController, endpointsController, endpointSliceMirroringController]);
type Cluster = Awaited<ReturnType<typeof makeCluster>>;

function web(spec: Partial<NonNullable<Service["spec"]>> = {}): Service {
  return {
    metadata: { name: "web", namespace: "default" },
    spec: {
      clusterIP: "10.0.0.1",
      ipFamilies: ["IPv4"],
      selector: { app: "web" },
      ports: [{ name: "http", port: 80, targetPort: "web", protocol: "TCP" }],
      ...spec,
    },
  };
}

function pod(name: string, ip: string, change: (pod: Pod) => void = () => {}): Pod {
  const object: Pod = {
    metadata: { name, namespace: "default", labels: { app: "web" } },
    spec: {
      nodeName: "n1",
      containers: [{ name: "c", image: "i", ports: [{ name: "web", containerPort: 8080, protocol: "TCP" }] }],
    },
    status: {
      phase: "Running",
      podIP: ip,
      podIPs: [{ ip }],
      conditions: [{ type: "Ready", status: "True" }],
    },
  };
  change(object);
  return object;
}

const node = { metadata: { name: "n1", labels: { "topology.kubernetes.io/zone": "z1" } } };

/** `address ready/serving/terminating` of each endpoint. */
async function shown(cluster: Cluster): Promise<string[]> {
  const flags = (conditions: object | undefined) =>
    Object.entries(conditions ?? {})
      .filter(([, value]) => value)
      .map(([name]) => name)
      .join("+");
  return (await cluster.list(endpointSlice))
    .flatMap((slice) => slice.endpoints ?? [])
    .map(({ addresses, conditions }) => `${addresses[0]} ${flags(conditions)}`.trim())
    .toSorted();
}

test("EndpointSlice shows ready, unready and terminating pods as such", async () => {
  await using cluster = await makeCluster();
  await cluster.create(nodes, node);
  await cluster.create(services, web());
  assert.deepEqual(await shown(cluster), []);
  assert.equal((await cluster.list(endpointSlice)).length, 1);

  await cluster.create(pods, pod("a", "10.1.0.1"));
  await cluster.create(
    pods,
    pod("b", "10.1.0.2", ({ status }) => (status!.conditions = [])),
  );
  await cluster.create(
    pods,
    pod("c", "10.1.0.3", ({ metadata }) => (metadata.deletionTimestamp = "2026-01-01T00:00:00Z")),
  );
  await cluster.create(
    pods,
    pod("over", "10.1.0.4", ({ status }) => (status!.phase = "Succeeded")),
  );
  await cluster.create(
    pods,
    pod("other", "10.1.0.5", ({ metadata }) => (metadata.labels = { app: "other" })),
  );
  assert.deepEqual(await shown(cluster), [
    "10.1.0.1 ready+serving",
    "10.1.0.2",
    "10.1.0.3 serving+terminating",
  ]);

  const [slice] = await cluster.list(endpointSlice);
  assert.deepEqual(slice!.ports, [{ name: "http", port: 8080, protocol: "TCP" }]);
  const [first] = slice!.endpoints!;
  assert.equal(first!.zone, "z1");
  assert.equal(first!.nodeName, "n1");
  assert.equal(first!.targetRef!.name, "a");
});

test("EndpointSlice publishes all addresses as ready when the Service asks for that", async () => {
  await using cluster = await makeCluster();
  await cluster.create(services, web({ clusterIP: "None", publishNotReadyAddresses: true }));
  await cluster.create(
    pods,
    pod("b", "10.1.0.2", ({ status, spec }) => {
      status!.conditions = [];
      spec!.hostname = "b";
      spec!.subdomain = "web";
    }),
  );
  assert.deepEqual(await shown(cluster), ["10.1.0.2 ready"]);
  const [slice] = await cluster.list(endpointSlice);
  assert.equal(slice!.endpoints![0]!.hostname, "b");
  assert.equal(slice!.metadata.labels!["service.kubernetes.io/headless"], "");
});

test("EndpointSlice has slices of its own for each family", async () => {
  await using cluster = await makeCluster();
  await cluster.create(nodes, node);
  await cluster.create(services, web({ ipFamilies: ["IPv4", "IPv6"] }));
  await cluster.create(
    pods,
    pod("a", "10.1.0.1", ({ status }) => status!.podIPs!.push({ ip: "fd00:0::1" })),
  );
  const slices = await cluster.list(endpointSlice);
  const texts = slices.map(
    ({ addressType, endpoints: list }) => `${addressType} ${list!.map((e) => e.addresses).join()}`,
  );
  assert.deepEqual(texts.toSorted(), ["IPv4 10.1.0.1", "IPv6 fd00::1"]);
});

test("EndpointSlice leaves out pods on nodes that are gone, until they come", async () => {
  await using cluster = await makeCluster();
  await cluster.create(services, web());
  await cluster.create(pods, pod("a", "10.1.0.1"));
  assert.deepEqual(await shown(cluster), []);
  await cluster.create(nodes, node);
  assert.deepEqual(await shown(cluster), ["10.1.0.1 ready+serving"]);
});

test("EndpointSlice hints at the same zone and node where the Service prefers them", async () => {
  await using cluster = await makeCluster();
  await cluster.create(nodes, node);
  await cluster.create(services, web({ trafficDistribution: "PreferSameNode" }));
  await cluster.create(pods, pod("a", "10.1.0.1"));
  const [slice] = await cluster.list(endpointSlice);
  assert.deepEqual(slice!.endpoints![0]!.hints, { forZones: [{ name: "z1" }], forNodes: [{ name: "n1" }] });
});

test("EndpointSlice follows labels of pods and selectors of Services", async () => {
  await using cluster = await makeCluster();
  await cluster.create(nodes, node);
  await cluster.create(services, web());
  await cluster.create(pods, pod("a", "10.1.0.1"));
  await cluster.change(pods, "default/a", ({ metadata }) => (metadata.labels = { app: "other" }));
  assert.deepEqual(await shown(cluster), []);
  await cluster.change(services, "default/web", ({ spec }) => (spec!.selector = { app: "other" }));
  assert.deepEqual(await shown(cluster), ["10.1.0.1 ready+serving"]);
});

test("Endpoints say the same in the old form, and go with their Service", async () => {
  await using cluster = await makeCluster();
  await cluster.create(services, web());
  await cluster.create(pods, pod("a", "10.1.0.1"));
  await cluster.create(
    pods,
    pod("b", "10.1.0.2", ({ status }) => (status!.conditions = [])),
  );
  const { subsets, metadata } = await cluster.api.get(endpoints, "default/web");
  const [subset] = subsets!;
  assert.deepEqual(
    subset!.addresses!.map(({ ip }) => ip),
    ["10.1.0.1"],
  );
  assert.deepEqual(
    subset!.notReadyAddresses!.map(({ ip }) => ip),
    ["10.1.0.2"],
  );
  assert.deepEqual(subset!.ports, [{ name: "http", port: 8080, protocol: "TCP" }]);
  assert.deepEqual(metadata.labels, { "endpoints.kubernetes.io/managed-by": "endpoint-controller" });
  await cluster.delete(services, web());
  assert.deepEqual(await cluster.list(endpoints), []);
});

test("Endpoints of a Service without a selector are mirrored into slices, and left alone themselves", async () => {
  await using cluster = await makeCluster();
  const { selector: _none, ...spec } = web().spec!;
  await cluster.create(services, { ...web(), spec });
  const written = {
    metadata: { name: "web", namespace: "default", labels: { a: "b" } },
    subsets: [
      {
        addresses: [{ ip: "1.2.3.4" }, { ip: "fd00::1" }],
        notReadyAddresses: [{ ip: "1.2.3.5" }],
        ports: [{ name: "http", port: 8080, protocol: "TCP" }],
      },
    ],
  };
  await cluster.create(endpoints, written);
  assert.deepEqual(await shown(cluster), ["1.2.3.4 ready", "1.2.3.5", "fd00::1 ready"]);
  const [slice] = await cluster.list(endpointSlice);
  assert.equal(
    slice!.metadata.labels!["endpointslice.kubernetes.io/managed-by"],
    "endpointslicemirroring-controller.k8s.io",
  );
  assert.equal(slice!.metadata.labels!["a"], "b");

  await cluster.change(
    endpoints,
    "default/web",
    (object) => (object.subsets![0]!.addresses = [{ ip: "1.2.3.9" }]),
  );
  assert.deepEqual(await shown(cluster), ["1.2.3.5", "1.2.3.9 ready"]);
  await cluster.change(endpoints, "default/web", ({ metadata }) => {
    metadata.labels = { "endpointslice.kubernetes.io/skip-mirror": "true" };
  });
  assert.deepEqual(await shown(cluster), []);
});
