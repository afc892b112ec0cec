/** What `knarr up` says when it cannot start, and that nothing is half-started then. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { cannotMakeMachine, Machine } from "./machine.ts";

const skip = cannotMakeMachine();
let machine: Machine;
const knarr = join(import.meta.dirname, "..", "..", "bin", "knarr");

before(async () => {
  if (!skip) machine = await Machine.create(`knarr-no-${process.pid}`);
});

after(async () => {
  await machine?.[Symbol.asyncDispose]();
});

/** Exit code 1, one sentence on standard error, no trace. */
async function refuses(says: RegExp, program: string, ...words: string[]): Promise<void> {
  const { code, stderr } = await machine.exec(program, words);
  assert.equal(code, 1);
  assert.match(stderr, says);
  assert.equal(stderr.trim().split("\n").length, 1, stderr);
  assert.deepEqual(await machine.traces(), []);
}

test("knarr up refuses a port that another program has", { skip, timeout: 60_000 }, async () => {
  const listen = `require("net").createServer().listen(6443, "0.0.0.0", () => console.log("up"))`;
  const other = machine.spawn(process.execPath, ["-e", listen]);
  try {
    await new Promise((resolve) => other.stdout!.once("data", resolve));
    await refuses(
      /^knarr: Cannot listen on port 6443: another program listens there; end it, or choose another port with --https-port$/m,
      knarr,
      "up",
    );
  } finally {
    other.kill();
  }
});

test("knarr up refuses options it cannot use", { skip, timeout: 60_000 }, async () => {
  await refuses(
    /^knarr: Cannot use --https-port "many": must be a port, 1 to 65535$/m,
    knarr,
    "up",
    "--https-port=many",
  );
  await refuses(
    /^knarr: Cannot use --cluster-cidr 10\.43\.0\.0\/16 with --service-cidr 10\.43\.0\.0\/16: they overlap$/m,
    knarr,
    "up",
    "--cluster-cidr=10.43.0.0/16",
  );
  const config = join(machine.folder, "config.yaml");
  writeFileSync(config, "https-port: [\n");
  await refuses(/^knarr: Cannot read .*config\.yaml: /m, knarr, "up", `--config=${config}`);
});

/** Calls `work` with a folder on a disk of its own. */
async function onDisk(size: string, work: (folder: string) => Promise<void>): Promise<void> {
  const small = join(machine.folder, "small");
  mkdirSync(small, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", small]);
  try {
    await work(small);
  } finally {
    execFileSync("umount", [small]);
  }
}

test("knarr up refuses a disk that no cluster fits on", { skip, timeout: 60_000 }, () =>
  onDisk("16m", async (small) => {
    const { code, stderr } = await machine.exec(knarr, ["up", `--data-dir=${small}`]);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^knarr: Cannot start: the disk of .*small has \d+ MiB left and 32 MiB are wanted; free some, or choose another --data-dir$/m,
    );
  }),
);

test("knarr up starts on a small disk, and says so", { skip, timeout: 60_000 }, () =>
  onDisk("64m", async (small) => {
    const alone = "--disable=agent,proxy,dns,scheduler,controllers";
    const { code, stdout, stderr } = await machine.exec(knarr, [
      "up",
      "--detach",
      alone,
      `--data-dir=${small}`,
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^The disk of .*small has \d+ MiB left\. When it is full, nothing can be written/m);
    await machine.kubectl("create", "configmap", "c");
    assert.equal((await machine.knarr("down")).code, 0);
  }),
);

test("knarr up refuses to run without the capabilities it needs", { skip, timeout: 60_000 }, async () => {
  await refuses(
    /^knarr: Cannot start: this process lacks CAP_NET_ADMIN; run it outside a container, or in one that is privileged$/m,
    "setpriv",
    "--bounding-set=-net_admin",
    "--inh-caps=-net_admin",
    knarr,
    "up",
  );
});
