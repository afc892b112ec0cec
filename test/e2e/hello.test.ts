/**
 * The main job on real input: `knarr up` on a machine of its own, the example applied with the real kubectl, everything a
 * user does to it once, and nothing left behind at the end.
 *
 * One cluster serves all steps, in order, as a user would go through them; a step that fails fails those that need it.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { cannotMakeMachine, HOST_ADDRESS, Machine } from "./machine.ts";
import { eventually } from "./eventually.ts";
import { kubectlPath } from "./kubectl.ts";

const root = join(import.meta.dirname, "..", "..");
const skip = cannotMakeMachine();
let machine: Machine;
const kubectl = (...words: string[]): Promise<string> => machine.kubectl("-n", "hello", ...words);
const HELLO = join(root, "examples", "hello", "hello.yaml");

before(async () => {
  if (skip) return;
  machine = await Machine.create();
  execFileSync(process.execPath, [join(root, "examples/hello/images.ts"), join(machine.folder, "images")]);
});

after(async () => {
  await machine?.[Symbol.asyncDispose]();
});

/** A step of the story; what Knarr logged is shown when it fails. */
function step(name: string, work: () => Promise<void>): void {
  test(name, { skip, timeout: 120_000 }, async () => {
    try {
      await work();
    } catch (err) {
      console.error(machine.logs());
      throw err;
    }
  });
}

step("knarr up --detach returns when the node is Ready", async () => {
  const { code, stdout, stderr } = await machine.knarr("up", "--detach");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /Node n1 is Ready/);
  assert.match(await machine.kubectl("get", "nodes"), /^n1 +Ready /m);
});

step("a second knarr up finds the first", async () => {
  const { code, stdout } = await machine.knarr("up");
  assert.equal(code, 0);
  assert.match(stdout, /running already/);
});

step("the example rolls out and answers by ClusterIP, NodePort and port-forward", async () => {
  await machine.kubectl("apply", "-f", HELLO);
  await kubectl("rollout", "status", "deployment/counter", "--timeout=60s");
  await kubectl("rollout", "status", "deployment/hello", "--timeout=60s");
  const address = (await kubectl("get", "service", "hello", "-o", "jsonpath={.spec.clusterIP}")).trim();
  const page = await machine.fetch(`http://${address}/cgi-bin/hello`);
  assert.match(page, /^Hello from version 1 on hello-/);
  assert.match(page, /^visit \d+$/m); // the second tier, by its DNS name
  assert.match(page, /^password of 8 letters$/m);
  assert.match(
    await machine.fetch(`http://${HOST_ADDRESS}:30080/cgi-bin/hello`, "lan"),
    /^Hello from version 1/,
  );

  const forward = machine.spawn(kubectlPath(), ["-n", "hello", "port-forward", "service/hello", "18080:80"]);
  try {
    await new Promise<void>((resolve, reject) => {
      forward.stdout!.once("data", () => resolve());
      forward.once("exit", (code) => reject(new Error(`port-forward ended with ${code}`)));
    });
    assert.match(await machine.fetch("http://127.0.0.1:18080/cgi-bin/hello"), /^Hello from version 1/);
  } finally {
    forward.kill();
  }
});

step("kubectl top says what the node, the pods and their containers use", async () => {
  assert.match(await machine.kubectl("top", "node"), /^n1 +\d+m +\d+% +\d+Mi +\d+% *$/m);
  const [name = ""] = await helloPods();
  assert.match(await kubectl("top", "pod", name), new RegExp(`^${name} +\\d+m +\\d+Mi *$`, "m"));
  assert.match(
    await kubectl("top", "pod", "--containers"),
    new RegExp(`^${name} +hello +\\d+m +\\d+Mi *$`, "m"),
  );
  assert.match(
    await kubectl("top", "pod", "--as=jane", "--sum").catch(String),
    /User "jane" cannot list resource "pods" in API group "metrics.k8s.io"/,
  );
});

step("logs, exec with and without stdin and tty, and cp work", async () => {
  const [name = ""] = await helloPods();
  assert.equal(await kubectl("exec", name, "--", "cat", "/etc/hello/greeting"), "Hello");
  const failing = await machine.exec(kubectlPath(), [
    "-n",
    "hello",
    "exec",
    name,
    "--",
    "sh",
    "-c",
    "echo out; echo err >&2; exit 3",
  ]);
  assert.deepEqual([failing.code, failing.stdout], [3, "out\n"]);
  assert.match(failing.stderr, /^err$/m);
  const echoed = await machine.exec(
    kubectlPath(),
    ["-n", "hello", "exec", "-i", name, "--", "sh", "-c", "cat; echo end"],
    { input: "typed\n" },
  );
  assert.equal(echoed.stdout, "typed\nend\n");
  // `script` gives kubectl a terminal of its own.
  const tty = await machine.exec("script", [
    "-qec",
    `${kubectlPath()} -n hello exec -it ${name} -- sh -c 'test -t 0 && echo is a terminal'`,
    "/dev/null",
  ]);
  assert.match(tty.stdout, /is a terminal/);

  const file = join(machine.folder, "letter");
  writeFileSync(file, "a letter\n".repeat(20_000));
  await kubectl("cp", file, `hello/${name}:/tmp/letter`);
  await kubectl("cp", `hello/${name}:/tmp/letter`, `${file}.back`);
  assert.equal(readFileSync(`${file}.back`, "utf8"), readFileSync(file, "utf8"));

  await kubectl("exec", name, "--", "sh", "-c", "echo said by the container >/proc/1/fd/1");
  await eventually(async () => assert.match(await kubectl("logs", name), /said by the container/));
});

step("a new image rolls out, and back", async () => {
  await kubectl("set", "image", "deployment/hello", "hello=hello:2");
  await kubectl("rollout", "status", "deployment/hello", "--timeout=60s");
  const url = `http://${HOST_ADDRESS}:30080/cgi-bin/hello`;
  assert.match(await machine.fetch(url), /version 2/);
  await kubectl("rollout", "undo", "deployment/hello");
  await kubectl("rollout", "status", "deployment/hello", "--timeout=60s");
  assert.match(await machine.fetch(url), /version 1/);
  assert.match(await kubectl("rollout", "history", "deployment/hello"), /^3 /m);
});

step("it scales up and down", async () => {
  await kubectl("scale", "deployment/hello", "--replicas=4");
  await kubectl("rollout", "status", "deployment/hello", "--timeout=60s");
  await eventually(async () => assert.equal((await helloPods()).length, 4));
  await kubectl("scale", "deployment/hello", "--replicas=1");
  await eventually(async () => assert.equal((await helloPods()).length, 1));
});

step("a container whose process is killed comes back", async () => {
  const [pod = ""] = await helloPods();
  const id = (
    await kubectl("get", "pod", pod, "-o", "jsonpath={.status.containerStatuses[0].containerID}")
  ).trim();
  for (const pid of pidsOf(id.replace("containerd://", ""))) process.kill(pid, "SIGKILL");
  await eventually(async () => {
    const restarts = await kubectl(
      "get",
      "pod",
      pod,
      "-o",
      "jsonpath={.status.containerStatuses[0].restartCount}",
    );
    assert.ok(Number(restarts) >= 1);
  });
  await kubectl("wait", "--for=condition=Ready", `pod/${pod}`, "--timeout=60s");
});

step("an edited ConfigMap reaches the file in the container", async () => {
  await kubectl("patch", "configmap", "hello", "--type=merge", "-p", '{"data":{"greeting":"Good morning"}}');
  await eventually(async () =>
    assert.match(await machine.fetch(`http://${HOST_ADDRESS}:30080/cgi-bin/hello`), /^Good morning/),
  );
});

step("everything survives kill -9 of the server in the middle of a rollout", async () => {
  await kubectl("scale", "deployment/hello", "--replicas=3");
  await kubectl("set", "image", "deployment/hello", "hello=hello:2");
  process.kill(processOf("server"), "SIGKILL");
  await eventually(
    async () => void (await kubectl("rollout", "status", "deployment/hello", "--timeout=60s")),
  );
  assert.match(await machine.fetch(`http://${HOST_ADDRESS}:30080/cgi-bin/hello`), /version 2/);
});

step("running pods do not notice kill -9 of the agent", async () => {
  const ids = () =>
    kubectl("get", "pods", "-o", "jsonpath={.items[*].status.containerStatuses[*].containerID}");
  await eventually(async () => assert.equal((await helloPods()).length, 3)); // those of the rollout have ended
  const before = await ids();
  process.kill(processOf("agent"), "SIGKILL");
  assert.match(await machine.fetch(`http://${HOST_ADDRESS}:30080/cgi-bin/hello`), /version 2/);
  await kubectl("scale", "deployment/counter", "--replicas=2");
  await kubectl("rollout", "status", "deployment/counter", "--timeout=60s");
  for (const id of before.split(" ")) assert.ok((await ids()).includes(id), `${id} was replaced`);
});

step("deleting everything leaves nothing on the node", async () => {
  await machine.kubectl("delete", "-f", HELLO, "--timeout=100s");
  assert.equal((await machine.kubectl("get", "pods", "-A", "-o", "name")).trim(), "");
  const status = await machine.knarr("status");
  assert.equal(status.code, 0, status.stdout);
});

step("knarr down leaves no mount, namespace, rule or process", async () => {
  const { code, stderr } = await machine.knarr("down", "--purge");
  assert.equal(code, 0, stderr);
  assert.deepEqual(await machine.traces(), []);
});

/** Names of the example's pods, those that are still ending included. */
async function helloPods(): Promise<string[]> {
  const names = await kubectl("get", "pods", "-l", "app=hello", "-o", "jsonpath={.items[*].metadata.name}");
  return names.split(" ").filter(Boolean);
}

function processOf(name: string): number {
  const { processes } = JSON.parse(readFileSync(join(machine.folder, "run", "knarr.json"), "utf8"));
  return processes[name].pid;
}

/** Processes of a container, by its control group. */
function pidsOf(containerId: string): number[] {
  const found = execFileSync(
    "sh",
    ["-c", `cat $(find /sys/fs/cgroup -path '*${containerId}/cgroup.procs' | head -1)`],
    { encoding: "utf8" },
  );
  return found.split("\n").filter(Boolean).map(Number);
}
