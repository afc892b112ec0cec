/** cgroups as this machine has them, and the unified hierarchy played on a plain directory. */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findCgroups } from "./cgroups.ts";

test("Cgroups on v2 delegates controllers all the way down and sets weight, quota and limit", async () => {
  const root = mkdtempSync("/tmp/knarr-agent-test-cgroup-");
  const mountInfo = join(root, "mountinfo");
  writeFileSync(mountInfo, `40 30 0:30 / ${root}/fs rw - cgroup2 cgroup2 rw\n`);
  const pod = join(root, "fs", "kubepods", "pod1");
  // The kernel makes these files; here somebody has to
  for (const directory of [join(root, "fs"), join(root, "fs", "kubepods"), pod]) {
    mkdirSync(directory);
    writeFileSync(join(directory, "cgroup.controllers"), "cpu memory\n");
    writeFileSync(join(directory, "cgroup.subtree_control"), "");
  }
  for (const file of ["cpu.weight", "cpu.max", "memory.max"]) writeFileSync(join(pod, file), "");
  try {
    const cgroups = await findCgroups(mountInfo);
    await cgroups.apply("/kubepods/pod1", { cpuShares: 1024, cpuQuota: 50_000, memoryBytes: 1 << 20 });
    const read = (name: string) => readFileSync(join(pod, name), "utf8");
    assert.deepEqual(["cpu.weight", "cpu.max", "memory.max"].map(read), ["39", "50000 100000", "1048576"]);
    assert.match(readFileSync(join(root, "fs", "cgroup.subtree_control"), "utf8"), /^\+/);
    assert.deepEqual(await cgroups.children("/kubepods"), ["pod1"]);
  } finally {
    rmSync(root, { recursive: true });
  }
});

const skip = process.getuid?.() !== 0 ? "needs root" : existsSync("/sys/fs/cgroup") ? false : "needs cgroups";

test("Cgroups on this machine makes, finds and removes a tree", { skip }, async () => {
  const cgroups = await findCgroups();
  const root = `/knarr-agent-test-cgroups-${process.pid}`;
  await cgroups.apply(root, { cpuShares: 2 });
  await cgroups.apply(`${root}/pod`, { cpuShares: 512, cpuQuota: 20_000, memoryBytes: 32 << 20 });
  assert.deepEqual(await cgroups.children(root), ["pod"]);
  await cgroups.remove(root);
  assert.deepEqual(await cgroups.children(root), []);
  await cgroups.remove(root);
});
