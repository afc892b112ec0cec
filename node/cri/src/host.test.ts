/** What is found out about a machine, and the configuration that follows from it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { containerdConfig } from "./containerd-config.ts";
import { cgroupVersion, hasCapability, type Host } from "./host.ts";

const CAP_SYS_RESOURCE = 24n;

test("hasCapability reads the effective set", () => {
  assert.equal(hasCapability("CapPrm:\t0\nCapEff:\t000001ffffffffff\n", CAP_SYS_RESOURCE), true);
  assert.equal(hasCapability("CapEff:\t000001fffeffffff\n", CAP_SYS_RESOURCE), false);
  assert.equal(hasCapability("nothing", CAP_SYS_RESOURCE), false);
});

const v1 = "31 30 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory";
const v2 = "40 30 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw";
test("cgroupVersion tells the three layouts apart", () => {
  assert.deepEqual([v1, v2, `${v1}\n${v2.replace("cgroup rw", "cgroup/unified rw")}`].map(cgroupVersion), [
    "v1",
    "v2",
    "hybrid",
  ]);
});

const paths = {
  root: "/data/containerd",
  state: "/run/containerd",
  socket: "/run/containerd/containerd.sock",
  cniConfDir: "/data/cni",
  cniBinDir: "/usr/lib/cni",
  sandboxImage: 'with "quotes":1',
};
const host: Host = { canLowerOomScore: true, appArmor: true, snapshotter: "overlayfs", cgroups: "v2" };

test("containerdConfig follows what the machine can", () => {
  const able = containerdConfig(paths, host);
  assert.match(able, /^oom_score = -999$/m);
  assert.match(able, /^ {2}restrict_oom_score_adj = false$/m);
  assert.match(able, /^ {2}sandbox_image = "with \\"quotes\\":1"$/m);
  const unable = containerdConfig(paths, {
    ...host,
    canLowerOomScore: false,
    appArmor: false,
    snapshotter: "native",
  });
  assert.match(unable, /^ {2}restrict_oom_score_adj = true$/m);
  assert.match(unable, /^ {2}disable_apparmor = true$/m);
  assert.match(unable, /^ {2}snapshotter = "native"$/m);
});
