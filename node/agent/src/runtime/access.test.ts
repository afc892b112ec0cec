/** Ways into running containers: commands, their streams, the container's own streams, ports inside its network. */

import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { BUSYBOX, skipContainerd as skip } from "@knarr/cri/testing/containerd.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { ExecTimeout, type PodRef } from "../runtime-access.ts";
import { NODE, TestNode } from "../testing/node.ts";

let node: TestNode;
let pod: Pod;
const ref: PodRef = { namespace: "default", name: "shell" };
const never = new AbortController().signal;
const timeout = 30_000;

before(async () => {
  if (skip) return;
  node = await TestNode.start("10.231.2.0/24");
  const server = ["httpd", "-f", "-p", "127.0.0.1:8080", "-h", "/etc"];
  await node.api.createPod("shell", {
    nodeName: NODE,
    terminationGracePeriodSeconds: 0,
    containers: [
      { name: "cat", image: BUSYBOX, command: ["sh", "-c", "cat; echo end"], stdin: true, stdinOnce: true },
      { name: "tty", image: BUSYBOX, command: ["sh"], stdin: true, tty: true },
      { name: "server", image: BUSYBOX, command: server },
    ],
  });
  const isRunning = (one?: Pod) =>
    one?.status?.containerStatuses?.every(({ state }) => state?.running) ?? false;
  pod = (await node.api.until("shell", isRunning, AbortSignal.timeout(timeout)))!;
});
after(async () => {
  if (!skip) await node[Symbol.asyncDispose]();
});

const idOf = (name: string) => node.agent.access.container(ref, name)!.id;

describe("RuntimeAccess", { skip, timeout }, () => {
  test("container finds an instance by pod and name, and what it was started with", () => {
    const found = node.agent.access.container(ref, "cat");
    assert.deepEqual([found?.state, found?.stdin, found?.tty], ["running", true, false]);
    assert.match(found!.logPath, /default_shell_.*\/cat\/0\.log$/);
    assert.equal(node.agent.access.container(ref, "cat", { previous: true }), undefined);
    assert.equal(node.agent.access.container({ ...ref, uid: "other" }, "cat"), undefined);
    assert.equal(node.agent.access.container({ ...ref, uid: pod.metadata!.uid! }, "tty")?.tty, true);
  });

  test("execSync gives output and exit code, or ExecTimeout", async () => {
    const { access } = node.agent;
    const { exitCode, stdout, stderr } = await access.execSync(
      idOf("server"),
      ["sh", "-c", "echo a; echo b >&2; exit 4"],
      5_000,
    );
    assert.deepEqual([exitCode, stdout.toString(), stderr.toString()], [4, "a\n", "b\n"]);
    await assert.rejects(access.execSync(idOf("server"), ["sleep", "100"], 100), ExecTimeout);
  });

  test("attach joins a container's streams, and ends stdin alone", async () => {
    const [stdin, stdout] = [new PassThrough(), new PassThrough()];
    const read = text(stdout);
    const attached = node.agent.access.attach(idOf("cat"), { stdin, stdout, tty: false }, never);
    stdin.end("hello\n");
    await attached;
    assert.equal(await read, "hello\nend\n");
  });

  test("attach to a terminal carries what is typed, and its size", async () => {
    const [stdin, stdout] = [new PassThrough(), new PassThrough()];
    const stop = new AbortController();
    const resizes = (async function* () {
      yield { width: 97, height: 31 };
    })();
    const attached = node.agent.access.attach(
      idOf("tty"),
      { stdin, stdout, tty: true, resizes },
      stop.signal,
    );
    stdin.write("until [ \"$(stty size)\" = '31 97' ]; do sleep 0.05; done; echo si'zed'\n");
    let seen = "";
    for await (const chunk of stdout) if ((seen += String(chunk)).includes("sized")) break;
    stop.abort();
    await attached;
    assert.match(seen, /\r\nsized\r\n/);
  });

  test("dial reaches a server that listens on the pod's loopback alone", async () => {
    const { access } = node.agent;
    for (let i = 0; i < 2; i++) {
      const connection = await access.dial(ref, 8080, never);
      connection.end("GET /group HTTP/1.0\r\n\r\n");
      assert.match(await text(connection), /\r\n\r\nroot:x:0:\nnogroup:x:65534:\n$/);
    }
    await assert.rejects(access.dial(ref, 1, never), /ECONNREFUSED/);
  });
});
