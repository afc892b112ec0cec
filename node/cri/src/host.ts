/** What this machine lets containerd do, found out by looking. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

export interface Host {
  /** CAP_SYS_RESOURCE: without it a negative oom_score_adj cannot be written and no sandbox would start. */
  readonly canLowerOomScore: boolean;
  readonly appArmor: boolean;
  readonly snapshotter: "overlayfs" | "native";
  readonly cgroups: "v1" | "v2" | "hybrid";
}

const CAP_SYS_RESOURCE = 24n;

/** `root` is where snapshots will lie: whether overlayfs works depends on the file system below. */
export function lookAtHost(root: string): Host {
  return {
    canLowerOomScore: hasCapability(readFileSync("/proc/self/status", "utf8"), CAP_SYS_RESOURCE),
    appArmor: existsSync("/sys/kernel/security/apparmor/profiles"),
    snapshotter: overlayWorks(root) ? "overlayfs" : "native",
    cgroups: cgroupVersion(readFileSync("/proc/self/mountinfo", "utf8")),
  };
}

export function hasCapability(procStatus: string, capability: bigint): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(procStatus)?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> capability) & 1n) === 1n;
}

/** v2 when the unified hierarchy is at /sys/fs/cgroup, hybrid when it is beside v1 controllers. */
export function cgroupVersion(mountInfo: string): Host["cgroups"] {
  let unified: string | undefined;
  let legacy = false;
  for (const line of mountInfo.split("\n")) {
    const [left = "", right = ""] = line.split(" - ");
    const mountPoint = left.split(" ")[4] ?? "";
    const [type] = right.split(" ");
    if (type === "cgroup2") unified ??= mountPoint;
    if (type === "cgroup") legacy = true;
  }
  if (!legacy && unified !== undefined) return "v2";
  return unified !== undefined ? "hybrid" : "v1";
}

/** Mounts one for a moment: file systems that cannot be below an overlay are known by nothing else. */
function overlayWorks(root: string): boolean {
  mkdirSync(root, { recursive: true, mode: 0o711 });
  const directory = mkdtempSync(join(root, "overlay-test-"));
  try {
    const [lower, upper, work, merged] = ["lower", "upper", "work", "merged"].map((name) =>
      join(directory, name),
    );
    for (const path of [lower, upper, work, merged]) mkdirSync(path!);
    const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
    const mounted = spawnSync("mount", ["-t", "overlay", "overlay", "-o", options, merged!]).status === 0;
    if (mounted) spawnSync("umount", [merged!]);
    return mounted;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
