/** What pods get from their RuntimeClass, and Ingresses from the default class. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { pod } from "@knarr/kinds/core/pod.ts";
import { ingress } from "@knarr/kinds/networking/ingress.ts";
import { ingressClass, IS_DEFAULT_CLASS } from "@knarr/kinds/networking/ingress-class.ts";
import { runtimeClass } from "@knarr/kinds/node/runtime-class.ts";
import { startTestServer } from "../testing/server.ts";

const web = (name: string, spec: object): any => ({
  metadata: { name, namespace: "default" },
  spec: { containers: [{ name: "c", image: "i" }], ...spec },
});

test("a pod pays the overhead of its class and goes where the class says", async () => {
  await using rig = await startTestServer();
  await rig.api.create(runtimeClass, {
    metadata: { name: "vm" },
    handler: "kata",
    overhead: { podFixed: { memory: "100Mi" } },
    scheduling: {
      nodeSelector: { vm: "yes" },
      tolerations: [{ key: "vm", operator: "Exists", effect: "NoSchedule" }],
    },
  });
  const tolerations = [{ key: "vm", operator: "Equal", value: "x", effect: "NoSchedule" }];
  const made: any = await rig.api.create(pod, web("a", { runtimeClassName: "vm", tolerations }));
  assert.deepEqual(made.spec.overhead, { memory: "100Mi" });
  assert.deepEqual(made.spec.nodeSelector, { vm: "yes" });
  const own = made.spec.tolerations.filter(({ key }: { key: string }) => key === "vm");
  assert.deepEqual(own, [{ key: "vm", operator: "Exists", effect: "NoSchedule" }]);
});

for (const [name, spec, says] of [
  ["a class that is not there", { runtimeClassName: "nope" }, /RuntimeClass "nope" not found$/],
  [
    "another overhead",
    { runtimeClassName: "vm", overhead: { memory: "1Mi" } },
    /Overhead doesn't match RuntimeClass's defined Overhead$/,
  ],
  ["overhead without a class", { overhead: { memory: "1Mi" } }, /without corresponding RuntimeClass/],
  [
    "another place",
    { runtimeClassName: "vm", nodeSelector: { vm: "no" } },
    /conflict: runtimeClass\.scheduling\.nodeSelector\[vm\] = yes; pod\.spec\.nodeSelector\[vm\] = no$/,
  ],
] as const) {
  test(`a pod is refused for ${name}`, async () => {
    await using rig = await startTestServer();
    await rig.api.create(runtimeClass, {
      metadata: { name: "vm" },
      handler: "kata",
      overhead: { podFixed: { memory: "100Mi" } },
      scheduling: { nodeSelector: { vm: "yes" } },
    });
    await assert.rejects(rig.api.create(pod, web("a", spec)), says);
  });
}

test("an Ingress gets the default class unless it names one, in whichever way", async () => {
  await using rig = await startTestServer();
  const annotations = { [IS_DEFAULT_CLASS]: "true" };
  await rig.api.create(ingressClass, {
    metadata: { name: "usual", annotations },
    spec: { controller: "x.io/c" },
  });
  const classOf = async (name: string, metadata: object, spec: object): Promise<string | undefined> => {
    const defaultBackend = { service: { name: "s", port: { number: 80 } } };
    const made: any = await rig.api.create(ingress, {
      metadata: { name, namespace: "default", ...metadata },
      spec: { defaultBackend, ...spec },
    });
    return made.spec.ingressClassName;
  };
  assert.equal(await classOf("a", {}, {}), "usual");
  assert.equal(await classOf("b", {}, { ingressClassName: "other" }), "other");
  assert.equal(await classOf("c", { annotations: { "kubernetes.io/ingress.class": "old" } }, {}), undefined);
});
