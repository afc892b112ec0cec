/** Figures as the kernel's files tell them, in the forms that monitoring reads. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { realClock } from "@knarr/std/clock.ts";
import { findCgroups } from "../runtime/cgroups.ts";
import { emptyRuntime, type ContainerInstance } from "../runtime/pod-runtime.ts";
import type { CgroupUsage } from "./cgroup-usage.ts";
import { Figures } from "./figures.ts";
import { machineUsage } from "./machine-usage.ts";

/** A folder with `files`, for as long as the test runs. */
function folder(files: Readonly<Record<string, string>>): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "knarr-stats-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(path, name, ".."), { recursive: true });
    writeFileSync(join(path, name), text.replaceAll("ROOT", path));
  }
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

test("Cgroups.usage reads v1's hierarchies", async () => {
  using root = folder({
    mountinfo: `40 30 0:30 / ROOT/cpu rw - cgroup cgroup rw,cpu,cpuacct\n41 30 0:31 / ROOT/memory rw - cgroup cgroup rw,memory\n`,
    "cpu/pod/c/cpuacct.usage": "123456789\n",
    "memory/pod/c/memory.usage_in_bytes": "5000\n",
    "memory/pod/c/memory.stat":
      "cache 1\ninactive_file 1\ntotal_rss 2000\ntotal_pgfault 7\ntotal_pgmajfault 1\ntotal_swap 10\ntotal_inactive_file 1500\n",
  });
  const cgroups = await findCgroups(join(root.path, "mountinfo"));
  assert.deepEqual(await cgroups.usage("/pod/c"), {
    cpuNanoseconds: 123456789,
    memory: { usageBytes: 5000, workingSetBytes: 3500, rssBytes: 2000, pageFaults: 7, majorPageFaults: 1 },
    swapBytes: 10,
  });
  assert.equal(await cgroups.usage("/pod/gone"), undefined);
});

test("Cgroups.usage reads the unified hierarchy", async () => {
  using root = folder({
    mountinfo: "40 30 0:30 / ROOT/fs rw - cgroup2 cgroup2 rw\n",
    "fs/pod/c/cpu.stat": "usage_usec 1234\nuser_usec 1000\n",
    "fs/pod/c/memory.current": "1000\n",
    "fs/pod/c/memory.stat": "anon 600\nfile 300\ninactive_file 2000\npgfault 7\npgmajfault 1\n",
  });
  const cgroups = await findCgroups(join(root.path, "mountinfo"));
  assert.deepEqual(await cgroups.usage("/pod/c"), {
    cpuNanoseconds: 1_234_000,
    memory: { usageBytes: 1000, workingSetBytes: 0, rssBytes: 600, pageFaults: 7, majorPageFaults: 1 },
  });
});

test("machineUsage reads /proc, and puts the interface first that leads out", async () => {
  using proc = folder({
    meminfo:
      "MemTotal:  1000 kB\nMemFree:  300 kB\nInactive(file): 200 kB\nAnonPages: 50 kB\nSwapTotal: 10 kB\nSwapFree: 4 kB\n",
    stat: "cpu  1 2 3 100 200 4 5 6 0 0\nbtime 1700000000\n",
    vmstat: "pgfault 11\npgmajfault 2\n",
    "net/dev":
      "Inter-|\n face |\n    lo: 1 1 0 0 0 0 0 0 1 1 0\n  cni0: 5 1 0 0 0 0 0 0 6 1 0\n  eth0: 7 1 2 0 0 0 0 0 8 1 3\n veth1: 1 1 0\n",
    "net/route": "Iface\tDestination\tGateway\neth0\t00000000\t0100000A\ncni0\t00002A0A\t0\n",
  });
  const usage = await machineUsage(proc.path);
  assert.equal(usage.cpuNanoseconds, 21 * 10_000_000);
  assert.deepEqual([usage.memory.usageBytes, usage.memory.workingSetBytes], [700 * 1024, 500 * 1024]);
  assert.deepEqual([usage.swapBytes, usage.bootedAt], [6 * 1024, 1_700_000_000_000]);
  const eth0 = { name: "eth0", rxBytes: 7, rxErrors: 2, txBytes: 8, txErrors: 3 };
  assert.deepEqual(
    usage.interfaces.map(({ name }) => name),
    ["eth0", "cni0"],
  );
  assert.deepEqual(usage.interfaces[0], eth0);
});

const pod: Pod = {
  metadata: { name: "web", namespace: "default", uid: "u1" },
  spec: { containers: [], volumes: [{ name: "data", emptyDir: {} }] },
  status: { startTime: "2026-01-01T00:00:00Z" },
};

function figuresOf(root: string): Figures {
  const container = {
    id: "c1",
    name: "main",
    state: "running",
    startedAt: 1500,
    logPath: join(root, "log/main/0.log"),
  };
  let cpuNanoseconds = 0;
  const usage = (): CgroupUsage => ({
    cpuNanoseconds: (cpuNanoseconds += 2_000_000_000),
    memory: { usageBytes: 9, workingSetBytes: 8, rssBytes: 7, pageFaults: 6, majorPageFaults: 5 },
  });
  return new Figures({
    config: { nodeName: "n1", rootDir: root, imageRoot: root },
    clock: realClock,
    pods: () => [pod, { ...pod, metadata: { ...pod.metadata, uid: "u2", name: "idle" } }],
    runtimeOf: (uid) => ({
      ...emptyRuntime({ uid, name: "", namespace: "" }),
      containers: uid === "u1" ? [container as ContainerInstance] : [],
    }),
    usage: async () => usage(),
    sandboxes: async () => {
      throw new Error("unknown service");
    },
  });
}

test("Figures.resource is Prometheus text by upstream's names, of what runs", async () => {
  using root = folder({ file: "" });
  const text = await figuresOf(root.path).resource();
  assert.match(
    text,
    /^container_start_time_seconds\{container="main",namespace="default",pod="web"\} 1\.5$/m,
  );
  assert.match(
    text,
    /^container_cpu_usage_seconds_total\{container="main",namespace="default",pod="web"\} \d+ \d{13}$/m,
  );
  assert.match(text, /^pod_memory_working_set_bytes\{namespace="default",pod="web"\} 8 \d{13}$/m);
  assert.match(
    text,
    /^# TYPE node_cpu_usage_seconds_total counter\nnode_cpu_usage_seconds_total [\d.]+ \d{13}$/m,
  );
  assert.match(text, /^resource_scrape_error 0$/m);
  assert.doesNotMatch(text, /idle|container_swap/);
});

test("Figures.summary has upstream's form, logs and volumes, and speeds from the second time on", async () => {
  using root = folder({
    "log/main/0.log": "x".repeat(10_000),
    "pods/u1/volumes/kubernetes.io~empty-dir/data/file": "y".repeat(20_000),
  });
  const figures = figuresOf(root.path);
  const first: any = await figures.summary();
  assert.equal(first.node.nodeName, "n1");
  assert.ok(
    first.node.memory.availableBytes > 0 && first.node.fs.capacityBytes > 0 && first.node.rlimit.maxpid > 0,
  );
  const [one] = first.pods;
  assert.deepEqual([first.pods.length, one.podRef], [1, { name: "web", namespace: "default", uid: "u1" }]);
  const [main] = one.containers;
  assert.deepEqual(
    [main.name, main.startTime, main.memory.workingSetBytes],
    ["main", "1970-01-01T00:00:01Z", 8],
  );
  assert.ok(main.logs.usedBytes >= 10_000);
  assert.ok(one.volume[0].name === "data" && one.volume[0].usedBytes >= 20_000);
  assert.ok(one["ephemeral-storage"].usedBytes >= 30_000);
  assert.equal(main.cpu.usageNanoCores, undefined);
  const second: any = await figures.summary();
  assert.ok(second.pods[0].containers[0].cpu.usageNanoCores > 0);
});
