/** A Deployment's life with kubectl: rollout, scale, set, autoscale's absence, wait. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Rig } from "./rig.ts";

const rig = await Rig.start();
after(() => rig[Symbol.asyncDispose]());
const kubectl = (...words: string[]): Promise<string> => rig.kubectl(...words);
const rolledOut = (name = "web") => kubectl("rollout", "status", `deployment/${name}`, "--timeout=20s");
const container = async (name = "web") =>
  (await rig.json("get", "deploy", name)).spec.template.spec.containers[0];

before(async () => {
  await kubectl("create", "deployment", "web", "--image=web:1", "--replicas=2");
});

test("rollout status waits until all is there", async () => {
  assert.match(await rolledOut(), /deployment "web" successfully rolled out\n$/);
});

test("set image rolls out, history tells, undo goes back", async () => {
  assert.equal(
    await kubectl("set", "image", "deploy/web", "web=web:2"),
    "deployment.apps/web image updated\n",
  );
  await rolledOut();
  await kubectl("annotate", "deploy/web", "kubernetes.io/change-cause=second");
  assert.match(await kubectl("rollout", "history", "deploy/web"), /^REVISION +CHANGE-CAUSE\n1 +<none>\n2 +/m);
  assert.match(await kubectl("rollout", "history", "deploy/web", "--revision=2"), /Image:\tweb:2/);
  assert.equal(await kubectl("rollout", "undo", "deploy/web"), "deployment.apps/web rolled back\n");
  await rolledOut();
  assert.equal((await container()).image, "web:1");
  assert.match(await kubectl("rollout", "history", "deploy/web"), /^2 .*\n3 /m);
  await kubectl("rollout", "undo", "deploy/web", "--to-revision=2");
  await rolledOut();
  assert.equal((await container()).image, "web:2");
});

test("rollout pause holds changes back until resume", async () => {
  assert.equal(await kubectl("rollout", "pause", "deploy/web"), "deployment.apps/web paused\n");
  await kubectl("set", "image", "deploy/web", "web=web:3");
  await kubectl("wait", "deploy/web", "--for=condition=Progressing=Unknown", "--timeout=10s");
  assert.equal(
    (await rig.json("get", "rs")).items.filter((rs: any) => /web:3/.test(JSON.stringify(rs.spec))).length,
    0,
  );
  assert.equal(await kubectl("rollout", "resume", "deploy/web"), "deployment.apps/web resumed\n");
  await rolledOut();
  const images = await kubectl("get", "pods", "-l", "app=web", "-o", "jsonpath={..spec.containers[*].image}");
  assert.match(images, /web:3/);
});

test("rollout restart makes all pods anew", async () => {
  const names = () => kubectl("get", "pods", "-l", "app=web", "-o", "name");
  const before = (await names()).split("\n").filter(Boolean);
  assert.equal(await kubectl("rollout", "restart", "deploy/web"), "deployment.apps/web restarted\n");
  await rolledOut();
  for (const name of before) await kubectl("wait", "--for=delete", name, "--timeout=10s");
  assert.equal((await names()).split("\n").filter(Boolean).length, 2);
});

test("scale changes replicas, when they are as expected", async () => {
  assert.equal(await kubectl("scale", "deploy/web", "--replicas=3"), "deployment.apps/web scaled\n");
  await rolledOut();
  const refused = await rig.run(["scale", "deploy/web", "--replicas=1", "--current-replicas=9"]);
  assert.match(refused.stderr, /Expected replicas to be 9, was 3/);
  await kubectl("scale", "deploy/web", "--replicas=1", "--current-replicas=3");
  await kubectl("wait", "deploy/web", "--for=jsonpath={.status.replicas}=1", "--timeout=10s");
  const rs = (await kubectl("get", "rs", "-l", "app=web", "-o", "name")).split("\n")[0]!;
  assert.match(await kubectl("scale", rs, "--replicas=0"), /scaled/);
});

test("set env, resources, serviceaccount, selector and subject", async () => {
  await kubectl("create", "configmap", "settings", "--from-literal=COLOUR=blue");
  await kubectl("create", "serviceaccount", "robot");
  await kubectl("create", "deployment", "other", "--image=web:1");
  assert.equal(
    await kubectl("set", "env", "deploy/other", "A=1", "B=2"),
    "deployment.apps/other env updated\n",
  );
  await kubectl("set", "env", "deploy/other", "B-", "--from=configmap/settings");
  const env = (await container("other")).env.map(({ name }: any) => name);
  assert.deepEqual(env, ["A", "COLOUR"]);
  assert.match(await kubectl("set", "env", "deploy/other", "--list"), /^A=1$/m);
  await kubectl("set", "resources", "deploy/other", "--requests=cpu=100m", "--limits=cpu=0.5,memory=64Mi");
  assert.deepEqual((await container("other")).resources, {
    requests: { cpu: "100m" },
    limits: { cpu: "500m", memory: "64Mi" },
  });
  await kubectl("set", "serviceaccount", "deploy/other", "robot");
  assert.equal((await rig.json("get", "deploy", "other")).spec.template.spec.serviceAccountName, "robot");
  await kubectl("expose", "deploy", "other", "--port=80");
  await kubectl("set", "selector", "service", "other", "app=web,tier=front");
  assert.deepEqual((await rig.json("get", "service", "other")).spec.selector, { app: "web", tier: "front" });
  await kubectl("create", "rolebinding", "viewers", "--clusterrole=view", "--user=jane");
  await kubectl("set", "subject", "rolebinding", "viewers", "--user=joe", "--group=ops");
  const names = (await rig.json("get", "rolebinding", "viewers")).subjects.map(({ name }: any) => name);
  assert.deepEqual(names, ["jane", "joe", "ops"]);
});

test("wait for conditions, fields, creation and deletion", async () => {
  const waits = (...words: string[]) => kubectl("wait", "--timeout=10s", ...words);
  assert.equal(
    await waits("--for=condition=Available", "deploy/other"),
    "deployment.apps/other condition met\n",
  );
  assert.equal(await waits("--for=condition=Ready", "node", "--all"), "node/n1 condition met\n");
  assert.equal(
    await waits("--for=jsonpath={.status.phase}=Active", "namespace/default"),
    "namespace/default condition met\n",
  );
  const created = waits("--for=create", "configmap/late");
  await kubectl("create", "configmap", "late");
  assert.equal(await created, "configmap/late condition met\n");
  const gone = waits("--for=delete", "configmap/late");
  await kubectl("delete", "configmap", "late");
  assert.match(await gone, /^(configmap\/late condition met\n)?$/);
  const never = await rig.run(["wait", "--for=condition=Never", "node/n1", "--timeout=1s"]);
  assert.deepEqual(
    [never.code, never.stderr],
    [1, "error: timed out waiting for the condition on nodes/n1\n"],
  );
});
