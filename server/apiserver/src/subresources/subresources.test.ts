/** Subresources that are verbs of their own. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { node } from "@knarr/kinds/core/node.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { isConflict, isNotFound } from "@knarr/machinery/status.ts";
import { startTestServer, type TestServer } from "../testing/server.ts";

async function withPod(spec: object = {}): Promise<TestServer> {
  const rig = await startTestServer();
  await rig.api.create(pod, {
    metadata: { name: "p", namespace: "default" },
    spec: { containers: [{ name: "c", image: "i" }], ...spec },
  } as never);
  return rig;
}

const podIn = (rig: TestServer): Pod | undefined => rig.server.world.get(pod, "default/p");
const bind = (rig: TestServer, target: string): Promise<unknown> =>
  rig.api.post(pod, "default/p", "binding", {
    apiVersion: "v1",
    kind: "Binding",
    metadata: { name: "p" },
    target: { kind: "Node", name: target },
  } as never);

test("binding gives a pod to a node once, with the node's place", async () => {
  await using rig = await withPod();
  await rig.api.create(node, { metadata: { name: "n1", labels: { "topology.kubernetes.io/zone": "z" } } });
  await bind(rig, "n1");
  const { spec, status, metadata } = podIn(rig)!;
  assert.equal(spec!.nodeName, "n1");
  assert.equal(metadata!.labels!["topology.kubernetes.io/zone"], "z");
  assert.deepEqual(
    status!.conditions!.map(({ type, status: is }) => [type, is]),
    [["PodScheduled", "True"]],
  );
  await assert.rejects(
    bind(rig, "n2"),
    (err: any) => isConflict(err) && err.message.includes('is already assigned to node "n1"'),
  );
});

test("eviction says why on the pod, and deletes it in its time", async () => {
  await using rig = await withPod({ nodeName: "n1" });
  const evict = (name: string): Promise<unknown> =>
    rig.api.post(pod, "default/p", "eviction", {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { name },
    } as never);
  await assert.rejects(evict("q"), /name in URL does not match/);
  await evict("p");
  const { metadata, status } = podIn(rig)!;
  assert.ok(metadata!.deletionTimestamp);
  assert.equal(
    status!.conditions!.find(({ type }) => type === "DisruptionTarget")?.reason,
    "EvictionByEvictionAPI",
  );
});

test("a token is issued for an account, and opens the door as it", async () => {
  await using rig = await startTestServer();
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} };
  const path = "/api/v1/namespaces/default/serviceaccounts/default/token";
  const { body } = await rig.transport.request({ method: "POST", path, body: request });
  const review = await rig.transport.request({
    method: "POST",
    path: "/apis/authentication.k8s.io/v1/tokenreviews",
    body: {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      spec: { token: (body as any).status.token },
    },
  });
  assert.equal((review.body as any).status.user.username, "system:serviceaccount:default:default");
});

test("logs name the container that is wrong, and are empty before the pod has a node", async () => {
  await using rig = await withPod();
  const log = (query: Record<string, string> = {}): Promise<any> =>
    rig.transport.request({ method: "GET", path: "/api/v1/namespaces/default/pods/p/log", query });
  assert.equal((await log()).body, "");
  await assert.rejects(log({ container: "x" }), /container x is not valid for pod p/);
  await assert.rejects(log({ tailLines: "-1" }), { code: 422 });
  await assert.rejects(
    rig.transport.request({ method: "GET", path: "/api/v1/namespaces/default/pods/q/log" }),
    isNotFound,
  );
});
