/** Who may do what: `kubectl auth`, `--as`, tokens, and `kubectl proxy`. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { kubectlPath } from "../e2e/kubectl.ts";
import { Rig } from "./rig.ts";

const rig = await Rig.start();
after(() => rig[Symbol.asyncDispose]());
const kubectl = (...words: string[]): Promise<string> => rig.kubectl(...words);

before(async () => {
  await kubectl("create", "role", "reader", "--verb=get,list", "--resource=pods");
  await kubectl(
    "create",
    "rolebinding",
    "reader",
    "--role=reader",
    "--user=jane",
    "--serviceaccount=default:robot",
  );
  await kubectl("create", "serviceaccount", "robot");
});

test("auth can-i answers for oneself and for others", async () => {
  assert.equal(await kubectl("auth", "can-i", "create", "deployments.apps"), "yes\n");
  assert.equal(await kubectl("auth", "can-i", "list", "pods", "--as=jane"), "yes\n");
  const { code, stdout } = await rig.run(["auth", "can-i", "delete", "pods", "--as=jane"]);
  assert.deepEqual([code, stdout], [1, "no\n"]);
  assert.equal(await kubectl("auth", "can-i", "get", "/healthz", "--as=jane"), "yes\n");
  assert.equal(
    (await rig.run(["auth", "can-i", "get", "pods", "--subresource=log", "--as=jane", "-q"])).code,
    1,
  );
  assert.equal(
    await kubectl("auth", "can-i", "get", "pods", "--as=system:serviceaccount:default:robot"),
    "yes\n",
  );
});

test("auth can-i --list shows the rules", async () => {
  const list = await kubectl("auth", "can-i", "--list", "--as=jane");
  assert.match(list, /^Resources +Non-Resource URLs +Resource Names +Verbs$/m);
  assert.match(list, /^pods +\[\] +\[\] +\[get list\]$/m);
  assert.match(list, /^selfsubjectreviews\.authentication\.k8s\.io +\[\] +\[\] +\[create\]$/m);
});

test("auth whoami says who one is", async () => {
  const me = await rig.json("auth", "whoami");
  assert.equal(me.status.userInfo.username, "admin");
  assert.deepEqual(me.status.userInfo.groups, ["system:masters", "system:authenticated"]);
  const other = await rig.json("auth", "whoami", "--as=jane", "--as-group=ops", "--as-uid=7");
  assert.deepEqual(other.status.userInfo, {
    username: "jane",
    uid: "7",
    groups: ["ops", "system:authenticated"],
  });
});

test("auth reconcile makes rules what the file says", async () => {
  const role = (verbs: string[]) => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name: "reconciled", namespace: "default" },
    rules: [{ apiGroups: [""], resources: ["pods"], verbs }],
  });
  await rig.feed(role(["get"]), "auth", "reconcile", "-f", "-");
  await rig.feed(role(["list"]), "auth", "reconcile", "-f", "-");
  const { rules } = await rig.json("get", "role", "reconciled");
  assert.deepEqual(rules.flatMap(({ verbs }: any) => verbs).sort(), ["get", "list"]);
});

test("a token is somebody, until what it is bound to is gone", async () => {
  await kubectl("create", "secret", "generic", "bound");
  const words = ["--bound-object-kind=Secret", "--bound-object-name=bound"];
  const token = (await kubectl("create", "token", "robot", ...words)).trim();
  const { url } = rig;
  const asRobot = (...more: string[]) =>
    rig.run(
      [`--server=${url}`, `--certificate-authority=${rig.file("pki/ca.crt")}`, `--token=${token}`, ...more],
      {
        env: { KUBECONFIG: "/dev/null" },
      },
    );
  const me = await asRobot("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}");
  assert.equal(me.stdout, "system:serviceaccount:default:robot", me.stderr);
  assert.equal((await asRobot("get", "pods")).stderr, "No resources found in default namespace.\n");
  assert.match(
    (await asRobot("get", "secrets")).stderr,
    /^Error from server \(Forbidden\): secrets is forbidden: User "system:serviceaccount:default:robot" cannot list resource "secrets" in API group "" in the namespace "default"\n$/,
  );
  await kubectl("delete", "secret", "bound");
  assert.match((await asRobot("get", "pods")).stderr, /You must be logged in to the server \(Unauthorized\)/);
});

test("nobody grants more than he has", async () => {
  await kubectl("create", "clusterrolebinding", "editor", "--clusterrole=edit", "--user=joe");
  await kubectl("create", "role", "granter", "--verb=create", "--resource=roles.rbac.authorization.k8s.io");
  await kubectl("create", "rolebinding", "granter", "--role=granter", "--user=joe");
  const words = ["create", "role", "r", "--resource=nodes", "--verb=get", "--as=joe"];
  const { code, stderr } = await rig.run(words);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /roles\.rbac\.authorization\.k8s\.io "r" is forbidden: user "joe" \(groups=\["system:authenticated"\]\) is attempting to grant RBAC permissions not currently held:\n\{APIGroups:\[""\], Resources:\["nodes"\], Verbs:\["get"\]\}/,
  );
});

test("proxy passes requests on", async () => {
  const env = { PATH: process.env["PATH"], HOME: rig.folder, KUBECONFIG: rig.file("admin.yaml") };
  const proxy = spawn(kubectlPath(), ["proxy", "--port=0"], { env, stdio: ["ignore", "pipe", "inherit"] });
  try {
    const { value } = await createInterface(proxy.stdout)[Symbol.asyncIterator]().next();
    const address = /127\.0\.0\.1:\d+/.exec(value as string)![0];
    const answer = await fetch(`http://${address}/api/v1/namespaces/default/serviceaccounts/robot`);
    assert.equal(((await answer.json()) as any).metadata.name, "robot");
    assert.equal(await (await fetch(`http://${address}/healthz`)).text(), "ok");
  } finally {
    proxy.kill();
  }
});
