/** A real containerd: its life, images, a sandbox and a container, processes inside, and what `kill -9` leaves alone. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, rmdirSync } from "node:fs";
import { PassThrough, Readable } from "node:stream";
import { after, before, test } from "node:test";
import { text } from "node:stream/consumers";
import { isRpcNotFound } from "./connection.ts";
import { ContainerExec } from "./container-exec.ts";
import { startContainerd } from "./containerd.ts";
import { runtimeEvents } from "./runtime-events.ts";
import { BUSYBOX, skipContainerd, testContainerd, type TestContainerd } from "./testing/containerd.ts";

const skip = skipContainerd;
const never = new AbortController().signal;
let rig: TestContainerd;
let exec: ContainerExec;
let container: string;

before(async () => {
  if (skip) return;
  rig = await testContainerd("10.231.200.0/24");
  exec = new ContainerExec(rig.socket, `${rig.directory}/fifos`);
  container = await runContainer("one", ["sleep", "1000"]);
});

after(async () => {
  if (skip) return;
  exec[Symbol.dispose]();
  await rig[Symbol.asyncDispose]();
  for (const controller of readdirSync("/sys/fs/cgroup")) {
    const cgroup = `/sys/fs/cgroup/${controller}/knarr-agent-test-cri`;
    if (existsSync(cgroup)) rmdirSync(cgroup);
  }
});

async function runContainer(name: string, command: string[]): Promise<string> {
  const sandboxConfig = {
    metadata: { name, namespace: "default", uid: name, attempt: 0 },
    logDirectory: `${rig.directory}/logs`,
    hostname: name,
    linux: {
      cgroupParent: "/knarr-agent-test-cri",
      securityContext: { namespaceOptions: { pid: "CONTAINER" as const } },
    },
  };
  const sandbox = await rig.runtime.runPodSandbox({ config: sandboxConfig });
  const id = await rig.runtime.createContainer({
    podSandboxId: sandbox.id,
    sandboxConfig,
    config: { metadata: { name, attempt: 0 }, image: { image: BUSYBOX }, command, logPath: `${name}.log` },
  });
  await rig.runtime.startContainer(id);
  return id;
}

async function output(command: string[], stdin?: Readable, signal = never) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const texts = Promise.all([text(stdout), text(stderr)]);
  const options = { command, terminal: false, stdout, stderr, ...(stdin && { stdin }) };
  const { exitCode } = await exec.run(container, options, signal);
  return [exitCode, ...(await texts)];
}

test("RuntimeClient says what runs, and undefined for what does not", { skip }, async () => {
  assert.equal((await rig.runtime.containerStatus(container))?.state, "CONTAINER_RUNNING");
  assert.equal(await rig.runtime.containerStatus("0000"), undefined);
  assert.equal(await rig.runtime.imageStatus("test.knarr.dev/absent:1"), undefined);
  await rig.runtime.stopContainer("0000", 1);
  await rig.runtime.removePodSandbox("0000");
});

test("ContainerExec gives output, errors and the exit code apart", { skip }, async () => {
  assert.deepEqual(await output(["sh", "-c", "echo out; echo err >&2; exit 3"]), [3, "out\n", "err\n"]);
});

test("ContainerExec drops the output that is not asked for", { skip }, async () => {
  const command = ["sh", "-c", "cat; echo out; echo err >&2"];
  for (const name of ["stdout", "stderr"] as const) {
    const output = new PassThrough();
    const read = text(output);
    const options = { command, terminal: false, stdin: Readable.from([]), [name]: output };
    assert.deepEqual(await exec.run(container, options, never), { exitCode: 0 });
    assert.equal(await read, `${name.slice(3)}\n`);
  }
  const stdin = Readable.from(["exit 4\n"]);
  assert.deepEqual(await exec.run(container, { command: ["sh"], terminal: false, stdin }, never), {
    exitCode: 4,
  });
});

test("ContainerExec passes the end of stdin on as EOF", { skip }, async () => {
  const big = "0123456789abcdef".repeat(20_000);
  assert.deepEqual(await output(["cat"], Readable.from([big, big])), [0, big + big, ""]);
});

test("ContainerExec gives the command a terminal of the size asked for", { skip }, async () => {
  const stdout = new PassThrough();
  const read = text(stdout);
  const resizes = (async function* () {
    yield { width: 123, height: 45 };
  })();
  const command = ["sh", "-c", 'until [ "$(stty size 2>/dev/null)" = "45 123" ]; do :; done; stty size; tty'];
  await exec.run(container, { command, terminal: true, stdin: new PassThrough(), stdout, resizes }, never);
  assert.match(await read, /^45 123\r\n\/dev\/pts\/\d+\r\n$/);
});

test("ContainerExec does not wait for what a command left behind", { skip }, async () => {
  assert.deepEqual(await output(["sh", "-c", "sleep 100 & echo started"]), [0, "started\n", ""]);
});

test("ContainerExec kills the command when asked to stop", { skip }, async () => {
  const stop = new AbortController();
  const running = output(["sleep", "1000"], undefined, stop.signal);
  stop.abort(new Error("enough"));
  await assert.rejects(running, /enough/);
});

test("ContainerExec says why a command cannot start", { skip }, async () => {
  await assert.rejects(output(["/no/such"]), /stat \/no\/such: no such file or directory/);
  const options = { command: ["true"], terminal: false };
  await assert.rejects(exec.run("0000", options, never), isRpcNotFound);
});

test("runtimeEvents tells of a container's end, not of an exec's", { skip }, async () => {
  const stop = new AbortController();
  const seen: string[] = [];
  const watching = (async () => {
    for await (const event of runtimeEvents(rig.socket, stop.signal)) {
      seen.push(event.type === "exit" ? `${event.id} ${event.exitCode}` : event.type);
      return;
    }
  })();
  const other = await runContainer("two", ["sleep", "1000"]);
  await exec.run(other, { command: ["true"], terminal: false }, never);
  await rig.runtime.stopContainer(other, 0);
  await watching;
  stop.abort();
  assert.deepEqual(seen, [`${other} 137`]);
});

test("containerd killed with -9 comes back by itself and finds its containers", { skip }, async () => {
  const pid = rig.containerd.pid;
  process.kill(pid, "SIGKILL");
  while (rig.containerd.pid === pid) await new Promise((resolve) => setImmediate(resolve));
  assert.equal((await rig.runtime.containerStatus(container))?.state, "CONTAINER_RUNNING");
  assert.deepEqual(await output(["echo", "still here"]), [0, "still here\n", ""]);
});

test("startContainerd adopts the one that runs", { skip }, async () => {
  await using second = await startContainerd(rig.options);
  assert.equal(second.adopted, true);
  assert.equal(second.pid, rig.containerd.pid);
});
