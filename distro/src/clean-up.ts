/**
 * Taking a node's traces off a machine: pods, mounts, addresses, rules, control groups. Every step works from what the
 * kernel and the disk say, so it also cleans up after a Knarr that was killed; none fails because something is gone already.
 */

import { execFile } from "node:child_process";
import { existsSync, globSync, readFileSync, rmdirSync } from "node:fs";
import { promisify } from "node:util";
import { execFolder } from "@knarr/agent/config.ts";
import { POD_GRACE_PERIOD } from "@knarr/agent/runtime/labels.ts";
import { startContainerd } from "@knarr/cri/containerd.ts";
import { releaseFifos } from "@knarr/cri/fifos.ts";
import { RuntimeClient } from "@knarr/cri/runtime-client.ts";
import { removeNodeRoutes } from "@knarr/network/node-routes.ts";
import { removeProxyRules } from "@knarr/proxy/proxy.ts";
import { containerdOptions } from "./containerd.ts";
import { forgetDnsAddress } from "./dns-address.ts";
import { localNodes } from "./local-nodes.ts";
import { unlinkNodes } from "./node-links.ts";
import type { Config } from "./options.ts";
import { paths } from "./paths.ts";

const run = promisify(execFile);

/** Stops and removes every sandbox and container, then containerd itself. Resolves with how many pods there were. */
export async function stopPods(config: Config, graceSeconds: number): Promise<number> {
  if (!existsSync(paths(config).containerdRoot)) return 0;
  releaseFifos(execFolder(paths(config).agent)); // of commands that ran when the agent ended
  await using containerd = await startContainerd(containerdOptions(config));
  using runtime = new RuntimeClient(containerd.socket);
  const [sandboxes, containers] = await Promise.all([runtime.listPodSandboxes(), runtime.listContainers()]);
  await Promise.all(
    sandboxes.map(async ({ id }) => {
      const own = containers.filter(({ podSandboxId }) => podSandboxId === id);
      await Promise.all(
        own.map(({ id, annotations }) =>
          runtime.stopContainer(id, Math.min(graceSeconds, graceOf(annotations))),
        ),
      );
      await runtime.stopPodSandbox(id);
      await runtime.removePodSandbox(id);
    }),
  );
  await containerd.stop();
  return sandboxes.length;
}

/** After a start that failed: ends containerd and takes our traces off, unless pods of an earlier life still run. */
export async function endHalfStarted(config: Config): Promise<void> {
  const nodes = [config, ...localNodes(config).map((node) => node.config)].filter((node) =>
    existsSync(paths(node).containerdSocket),
  );
  for (const node of nodes) {
    using runtime = new RuntimeClient(paths(node).containerdSocket);
    if ((await runtime.listPodSandboxes()).length > 0) return;
  }
  for (const node of nodes) await stopPods(node, 0);
  await cleanUp(config);
}

/** What its pod gives a container to end. */
function graceOf(annotations: Readonly<Record<string, string>>): number {
  const seconds = Number(annotations[POD_GRACE_PERIOD] ?? Infinity);
  return Number.isNaN(seconds) ? Infinity : seconds;
}

export async function cleanUp(config: Config): Promise<void> {
  await unmountBelow([config["data-dir"], config["run-dir"]]);
  if (!config.disable.includes("agent")) {
    await removeProxyRules();
    await removeNodeRoutes();
    await forgetDnsAddress(config["cluster-dns"]);
    for (const node of localNodes(config)) removeControlGroups(node.config["cgroup-root"]);
    removeControlGroups(config["cgroup-root"] || "kubepods");
    await unlinkNodes(config);
  }
}

/** Innermost first. A mount that is busy is detached: it goes when its last user does. */
async function unmountBelow(folders: readonly string[]): Promise<void> {
  const points = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .flatMap((line) => line.split(" ")[4] ?? [])
    .map((path) =>
      path.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    )
    .filter((path) => folders.some((folder) => path.startsWith(`${folder}/`)));
  for (const point of points.reverse()) {
    await run("umount", [point]).catch(() => run("umount", ["-l", point])); // busy: -l detaches, and says why if it cannot
  }
}

/** Control groups are folders that only rmdir removes, leaves first; one that still has a process is left and said. */
function removeControlGroups(root: string): void {
  const tops = globSync([`/sys/fs/cgroup/${root}`, `/sys/fs/cgroup/*/${root}`]);
  for (const top of tops) {
    for (const group of globSync(`${top}/**/`).sort((a, b) => b.length - a.length)) rmdirIfThere(group);
    rmdirIfThere(top);
  }
}

function rmdirIfThere(path: string): void {
  try {
    rmdirSync(path);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== "ENOENT") {
      throw new Error(
        `Cannot remove control group ${path}: ${(err as Error).message}; a process of it may still run`,
        { cause: err },
      );
    }
  }
}
