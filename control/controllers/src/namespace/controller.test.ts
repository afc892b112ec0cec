/** Namespaces that are emptied: in order, completely, and saying what remains. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Discovered } from "@knarr/client/discovery.ts";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { namespace as namespaces } from "@knarr/kinds/core/namespace.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import { secret } from "@knarr/kinds/core/secret.ts";
import type { Resource, Verb } from "@knarr/kinds/resource.ts";
import { makeWorld } from "../testing/world.ts";
import { rootCaController } from "../root-ca/controller.ts";
import { serviceAccountController } from "../service-account/controller.ts";
import { serviceAccount } from "@knarr/kinds/core/service-account.ts";
import { namespaceController } from "./controller.ts";

const verbs: readonly Verb[] = ["list", "watch", "delete"];
const served = (resource: Resource<any>) => ({ ...resource, verbs });
const all: Discovered = { resources: [secret, configMap, pods].map(served), failed: [] };

async function makeCluster(discovered: Discovered = all) {
  const cluster = await makeWorld([namespaceController(async () => discovered)]);
  await cluster.create(namespaces, {
    metadata: { name: "ns" },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  });
  for (const [resource, name] of [
    [secret, "s"],
    [configMap, "c"],
    [pods, "p"],
  ] as const) {
    await cluster.create(resource as Resource<any>, { metadata: { name, namespace: "ns" } });
  }
  await cluster.create(configMap, { metadata: { name: "c", namespace: "other" } });
  return cluster;
}

type Cluster = Awaited<ReturnType<typeof makeCluster>>;

const hold = (cluster: Cluster, resource: Resource<any>, key: string, finalizers: readonly string[]) =>
  cluster.api.patch(resource, key, { metadata: { finalizers } });
const names = async (cluster: Cluster, resource: Resource<any>) =>
  (await cluster.list(resource)).map(({ metadata }) => `${metadata.namespace ?? ""}/${metadata.name}`);

async function conditions(cluster: Cluster): Promise<Record<string, string>> {
  const { status } = await cluster.api.get(namespaces, "ns");
  const texts = (status!.conditions ?? []).filter(({ status: is }) => is === "True");
  return Object.fromEntries(texts.map(({ reason, message }) => [reason!, message!]));
}

test("Namespace is emptied and let go; others are not touched", async () => {
  await using cluster = await makeCluster();
  await cluster.delete(namespaces, { metadata: { name: "ns" } });
  assert.deepEqual(await names(cluster, namespaces), []);
  assert.deepEqual(await names(cluster, configMap), ["other/c"]);
  assert.deepEqual([...(await names(cluster, secret)), ...(await names(cluster, pods))], []);
});

test("Namespace keeps everything else until the last pod is gone", async () => {
  await using cluster = await makeCluster();
  await hold(cluster, pods, "ns/p", ["x.io/wait"]);
  await cluster.delete(namespaces, { metadata: { name: "ns" } });
  assert.deepEqual(await names(cluster, secret), ["ns/s"]);
  await hold(cluster, pods, "ns/p", []);
  await cluster.settled();
  assert.deepEqual(await names(cluster, namespaces), []);
});

test("Namespace says what remains and who holds it", async () => {
  await using cluster = await makeCluster();
  await hold(cluster, configMap, "ns/c", ["x.io/wait"]);
  await cluster.delete(namespaces, { metadata: { name: "ns" } });
  assert.deepEqual(await conditions(cluster), {
    SomeResourcesRemain: "Some resources are remaining: configmaps. has 1 resource instances",
    SomeFinalizersRemain:
      "Some content in the namespace has finalizers remaining: x.io/wait in 1 resource instances",
  });
  await hold(cluster, configMap, "ns/c", []);
  await cluster.pass(3000);
  assert.deepEqual(await names(cluster, namespaces), []);
});

test("Namespace waits for API groups that do not answer, since they may hold something", async () => {
  await using cluster = await makeCluster({ ...all, failed: ["metrics.k8s.io/v1beta1"] });
  await cluster.api.delete(namespaces, "ns");
  for (let i = 0; i < 100; i++) await new Promise(setImmediate);
  assert.deepEqual(await names(cluster, namespaces), ["/ns"]);
  assert.match(
    (await conditions(cluster))["DiscoveryFailed"]!,
    /^Discovery failed for some groups, 1 failing: .*metrics\.k8s\.io\/v1beta1/,
  );
});

test("Every active namespace has the default ServiceAccount and the root CA, which come back when deleted", async () => {
  await using cluster = await makeWorld([serviceAccountController, rootCaController("PEM")]);
  await cluster.create(namespaces, { metadata: { name: "ns" }, status: { phase: "Active" } });
  await cluster.create(namespaces, { metadata: { name: "going" }, status: { phase: "Terminating" } });
  const check = async () => {
    assert.deepEqual(
      (await cluster.list(serviceAccount)).map(({ metadata }) => metadata.name),
      ["default"],
    );
    const [published, ...others] = await cluster.list(configMap);
    assert.deepEqual(
      [published!.metadata.name, published!.data, others],
      ["kube-root-ca.crt", { "ca.crt": "PEM" }, []],
    );
  };
  await check();
  await cluster.delete(serviceAccount, { metadata: { name: "default", namespace: "ns" } });
  await cluster.change(
    configMap,
    "ns/kube-root-ca.crt",
    (object) => (object.data = { "ca.crt": "forged", more: "" }),
  );
  await check();
});
