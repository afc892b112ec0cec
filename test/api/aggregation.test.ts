/** Upstream's sample API server behind ours, and the real kubectl in front: what the conformance suite does with it, and more. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { kubectlPath } from "../e2e/kubectl.ts";
import { Rig } from "./rig.ts";
import { sampleMissing, startSample } from "./sample-apiserver.ts";

const SERVICE = "apiservice/v1alpha1.wardle.example.com";
const flunder = (name: string, namespace = "default"): object => ({
  apiVersion: "wardle.example.com/v1alpha1",
  kind: "Flunder",
  metadata: { name, namespace, labels: { sample: "true" } },
  spec: {},
});

test("a compiled API server behind ours", { skip: sampleMissing }, async (t) => {
  await using rig = await Rig.start();
  await using sample = await startSample(rig);
  await sample.register();
  await rig.kubectl("wait", "--for=condition=Available", SERVICE, "--timeout=30s");

  await t.test("its kinds are found, and every verb works on them", async () => {
    assert.match(
      await rig.kubectl("api-resources", "--api-group=wardle.example.com"),
      /^flunders .* Flunder$/m,
    );
    assert.match(await rig.kubectl("get", SERVICE), /sample\/sample-api +True/);
    await rig.feed(flunder("one"), "create", "-f", "-");
    assert.match(await rig.kubectl("get", "flunders"), /^one /m);
    await rig.feed({ ...flunder("two"), spec: { reference: "one" } }, "apply", "-f", "-");
    await rig.feed({ ...flunder("two"), spec: { reference: "other" } }, "apply", "-f", "-");
    await rig.feed(flunder("three"), "apply", "--server-side", "-f", "-");
    assert.equal((await rig.json("get", "flunder", "two")).spec.reference, "other");
    await rig.kubectl("label", "flunder", "one", "sample=changed", "--overwrite");
    assert.equal(
      await rig.kubectl("get", "flunders", "-l", "sample=changed", "-o", "name"),
      "flunder.wardle.example.com/one\n",
    );
    await rig.kubectl("delete", "flunder", "one");
    await rig.kubectl("delete", "flunders", "--all");
    assert.deepEqual((await rig.json("get", "flunders")).items, []);
  });

  await t.test("its admission and authorization ask ours", async () => {
    await assert.rejects(
      rig.kubectl("get", "flunders", "--as=jane"),
      /User "jane" cannot list resource "flunders"/,
    );
    await assert.rejects(
      rig.feed(flunder("a", "nowhere"), "create", "-f", "-"),
      /namespaces "nowhere" not found/,
    );
  });

  await t.test("its fields are explained, out of its own documents", async () => {
    assert.match(await rig.kubectl("explain", "flunder.spec"), /reference\s+<string>/);
  });

  await t.test("a watch tells what happens", async () => {
    const env = { PATH: process.env["PATH"], HOME: rig.folder, KUBECONFIG: rig.file("admin.yaml") };
    const watching = spawn(kubectlPath(), ["get", "flunders", "-w", "-o", "name"], {
      env,
      stdio: ["ignore", "pipe", "ignore"],
    });
    try {
      const lines = createInterface(watching.stdout)[Symbol.asyncIterator]();
      await rig.feed(flunder("seen"), "create", "-f", "-");
      assert.equal((await lines.next()).value, "flunder.wardle.example.com/seen");
    } finally {
      watching.kill();
    }
  });

  await t.test("what they own is collected", async () => {
    const { uid } = (await rig.json("get", "flunder", "seen")).metadata;
    const owner = { apiVersion: "wardle.example.com/v1alpha1", kind: "Flunder", name: "seen", uid };
    const metadata = { name: "owned", ownerReferences: [owner] };
    await rig.feed({ apiVersion: "v1", kind: "ConfigMap", metadata }, "create", "-f", "-");
    await rig.kubectl("delete", "flunder", "seen");
    await rig.kubectl("wait", "--for=delete", "configmap/owned", "--timeout=60s");
  });

  await t.test("what is in a namespace goes with it", async () => {
    await rig.kubectl("create", "namespace", "brief");
    await rig.feed(flunder("mine", "brief"), "create", "-f", "-");
    await rig.kubectl("delete", "namespace", "brief", "--timeout=60s");
    assert.deepEqual((await rig.json("get", "flunders", "-A")).items, []);
  });

  await t.test("its APIService is patched, updated and, in the end, gone with its kinds", async () => {
    await rig.kubectl("patch", SERVICE, "--type=merge", "-p", '{"spec":{"versionPriority":400}}');
    const status = {
      status: {
        conditions: [{ type: "StatusPatched", status: "True", reason: "E2E", message: "Set by e2e test" }],
      },
    };
    await rig.kubectl(
      "patch",
      SERVICE,
      "--subresource=status",
      "--type=strategic",
      "-p",
      JSON.stringify(status),
    );
    await rig.kubectl("wait", "--for=condition=Available", SERVICE, "--timeout=30s");
    const { spec, status: now } = await rig.json("get", SERVICE);
    assert.equal(spec.versionPriority, 400);
    assert.deepEqual(now.conditions.map(({ type }: any) => type).sort(), ["Available", "StatusPatched"]);
    await rig.kubectl("delete", SERVICE);
    await assert.rejects(
      rig.kubectl("get", "flunders.v1alpha1.wardle.example.com"),
      /the server doesn't have a resource type|could not find/,
    );
  });
});
