/** Deleting, in every cascade and manner, and making nodes empty: cordon, taint, drain. */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Rig } from "./rig.ts";

const rig = await Rig.start();
after(() => rig[Symbol.asyncDispose]());
const kubectl = (...words: string[]): Promise<string> => rig.kubectl(...words);

async function deployed(name: string): Promise<void> {
  await kubectl("create", "deployment", name, "--image=web:1", "--replicas=2");
  await kubectl("rollout", "status", `deployment/${name}`, "--timeout=20s");
}

/** Its ReplicaSets and pods that are still there. */
async function left(name: string): Promise<string[]> {
  const names = await kubectl("get", "rs,pods", "-l", `app=${name}`, "-o", "name");
  return names.split("\n").filter(Boolean);
}

const pod = (name: string, more: object = {}, spec: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, ...more },
  spec: { containers: [{ name: "c", image: "web:1" }], ...spec },
});

test("delete in the background lets the collector follow", async () => {
  await deployed("background");
  const said = await kubectl("delete", "deployment", "background", "--cascade=background");
  assert.equal(said, 'deployment.apps "background" deleted from default namespace\n');
  await kubectl("wait", "--for=delete", "rs,pod", "-l", "app=background", "--timeout=20s");
  assert.deepEqual(await left("background"), []);
});

test("delete in the foreground waits for all that is owned", async () => {
  await deployed("foreground");
  await kubectl("delete", "deployment", "foreground", "--cascade=foreground", "--timeout=20s");
  assert.deepEqual(await left("foreground"), []);
});

test("delete with orphans leaves them, without their owner", async () => {
  await deployed("orphan");
  await kubectl("delete", "deployment", "orphan", "--cascade=orphan", "--timeout=20s");
  assert.equal((await left("orphan")).length, 3);
  const rs = await rig.json("get", "rs", "-l", "app=orphan");
  assert.equal(rs.items[0].metadata.ownerReferences, undefined);
  const pods = await rig.json("get", "pods", "-l", "app=orphan");
  assert.equal(pods.items[0].metadata.ownerReferences[0].kind, "ReplicaSet");
  await kubectl("delete", "rs", "-l", "app=orphan", "--wait=false");
});

test("delete --grace-period, --now and --force", async () => {
  const held = { annotations: { "rig/held": "yes" } };
  for (const name of ["slow", "now", "forced"]) await rig.feed(pod(name, held), "create", "-f", "-");
  for (const name of ["slow", "now", "forced"])
    await kubectl("wait", `pod/${name}`, "--for=condition=PodScheduled", "--timeout=10s");
  await kubectl("delete", "pod", "slow", "--grace-period=7", "--wait=false");
  const slow = (await rig.json("get", "pod", "slow")).metadata;
  assert.equal(slow.deletionGracePeriodSeconds, 7);
  assert.match(await kubectl("get", "pod", "slow"), /^slow +0\/1 +Terminating /m);
  await kubectl("delete", "pod", "now", "--now", "--wait=false");
  assert.equal((await rig.json("get", "pod", "now")).metadata.deletionGracePeriodSeconds, 1);
  const forced = await rig.run(["delete", "pod", "forced", "slow", "now", "--force", "--grace-period=0"]);
  assert.equal(forced.code, 0);
  assert.match(forced.stderr, /^Warning: Immediate deletion does not wait/m);
  assert.equal(await kubectl("get", "pod", "forced", "slow", "now", "--ignore-not-found"), "");
});

test("delete by label, by file, all, with dry run", async () => {
  for (const name of ["a", "b", "c"]) {
    const metadata = { name, labels: { kind: "letter" } };
    await rig.feed({ apiVersion: "v1", kind: "ConfigMap", metadata }, "create", "-f", "-");
  }
  const file = rig.write("a.json", { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } });
  assert.match(
    await kubectl("delete", "-f", file, "--dry-run=server"),
    /configmap "a" deleted.*\(server dry run\)/,
  );
  assert.match(await kubectl("delete", "-f", file), /^configmap "a" deleted/);
  assert.match(
    await kubectl("delete", "cm", "-l", "kind=letter", "--field-selector=metadata.name=b"),
    /^configmap "b" deleted.*\n$/,
  );
  await kubectl("create", "namespace", "crowded");
  await kubectl("create", "configmap", "x", "-n", "crowded");
  assert.match(await kubectl("delete", "cm", "--all", "-n", "crowded"), /configmap "x" deleted/);
  assert.equal(await kubectl("delete", "cm", "none", "--ignore-not-found"), "");
  assert.match((await rig.run(["delete", "cm", "none"])).stderr, /\(NotFound\): configmaps "none" not found/);
});

test("delete of a namespace takes all that is in it", async () => {
  await kubectl("create", "namespace", "doomed");
  await kubectl("create", "deployment", "web", "-n", "doomed", "--image=web:1");
  await kubectl("rollout", "status", "deployment/web", "-n", "doomed", "--timeout=20s");
  assert.match(
    await kubectl("delete", "namespace", "doomed", "--timeout=25s"),
    /^namespace "doomed" deleted/,
  );
  assert.equal(await kubectl("get", "all,cm,sa", "-n", "doomed", "-o", "name"), "");
});

test("a finalizer holds an object until it is taken off", async () => {
  const metadata = { name: "held", finalizers: ["example.org/hold"] };
  await rig.feed({ apiVersion: "v1", kind: "ConfigMap", metadata }, "create", "-f", "-");
  await kubectl("delete", "cm", "held", "--wait=false");
  assert.ok((await rig.json("get", "cm", "held")).metadata.deletionTimestamp);
  await kubectl(
    "patch",
    "cm",
    "held",
    "--type=json",
    "-p",
    '[{"op":"remove","path":"/metadata/finalizers"}]',
  );
  assert.equal(await kubectl("get", "cm", "held", "--ignore-not-found"), "");
});

test("cordon, taint and drain empty a node", async () => {
  await deployed("drained");
  assert.equal(await kubectl("cordon", "n1"), "node/n1 cordoned\n");
  assert.match(await kubectl("get", "node", "n1"), /^n1 +Ready,SchedulingDisabled /m);
  await rig.feed(pod("bare"), "create", "-f", "-");
  await kubectl("wait", "pod/bare", "--for=condition=PodScheduled=False", "--timeout=10s");
  const [condition] = (await rig.json("get", "pod", "bare")).status.conditions;
  assert.equal(condition.reason, "Unschedulable");
  assert.match(condition.message, /^0\/1 nodes are available: 1 node\(s\) were unschedulable\./);
  const drained = await kubectl("drain", "n1", "--ignore-daemonsets", "--timeout=20s");
  assert.match(drained, /evicting pod default\/drained-|pod\/drained-\w+-\w+ evicted/);
  assert.match(drained, /node\/n1 drained\n$/);
  assert.equal(await kubectl("get", "pods", "--field-selector=spec.nodeName=n1", "-o", "name"), "");
  assert.equal(await kubectl("taint", "node", "n1", "example.org/busy=yes:NoSchedule"), "node/n1 tainted\n");
  assert.match(
    (await rig.run(["taint", "node", "n1", "example.org/busy=no:NoSchedule"])).stderr,
    /already has example\.org\/busy taint/,
  );
  assert.equal(await kubectl("uncordon", "n1"), "node/n1 uncordoned\n");
  assert.equal(await kubectl("taint", "node", "n1", "example.org/busy-"), "node/n1 untainted\n");
  await kubectl("rollout", "status", "deployment/drained", "--timeout=25s");
  await kubectl("wait", "pod/bare", "--for=condition=Ready", "--timeout=20s");
});
