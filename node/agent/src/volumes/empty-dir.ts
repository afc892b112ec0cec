/**
 * The emptyDir volume: a directory that lives and dies with the pod, on the node's disk or in memory.
 *
 * In memory its size is the least of what the node can give to pods, what the pod may use, and `sizeLimit` (KEP-1967). A directory is prepared
 * once: `<podDirectory>/plugins/kubernetes.io~empty-dir/<volume>/ready` says that it was, because a container that runs could put links where
 * preparing it again would change modes of files of the node.
 */

import { mkdir, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Container, Node, Pod, Volume } from "@knarr/kinds/generated/core-v1.ts";
import { wholeValue } from "../amount.ts";
import { mountAt, mountTmpfs, removeTree } from "./mount.ts";
import { giveToGroup } from "./ownership.ts";
import { makeNestedMountPoints, makeVolumeDirectory } from "./publish.ts";
import { defineVolumePlugin, VolumeNotReady, type VolumeContext } from "./volume.ts";

export const emptyDirVolume = defineVolumePlugin({
  name: "empty-dir",
  // A volume without any source is an emptyDir too, as in the days of v1beta.
  handles: (volume) => volume.emptyDir !== undefined || Object.keys(volume).length === 1,
  async setUp(volume, context) {
    if (!(await isReady(volume, context))) await prepare(volume, context);
    return { hostPath: context.directory };
  },
  async tearDown(directory) {
    await removeTree(metaDirectoryOf(directory));
    await removeTree(directory);
  },
});

async function isReady({ emptyDir }: Volume, { directory }: VolumeContext): Promise<boolean> {
  if (!(await isThere(join(metaDirectoryOf(directory), "ready")))) return false;
  return emptyDir?.medium === "Memory" ? (await mountAt(directory)) !== undefined : await isThere(directory);
}

async function prepare({ name, emptyDir }: Volume, context: VolumeContext): Promise<void> {
  const { directory, pod, node } = context;
  const { medium = "", sizeLimit } = emptyDir ?? {};
  if (medium !== "" && medium !== "Memory")
    throw new VolumeNotReady(`emptyDir medium ${JSON.stringify(medium)} is not supported by this node`);
  await makeVolumeDirectory(directory);
  if (medium === "Memory" && !(await mountAt(directory)))
    await mountTmpfs(directory, { sizeBytes: memorySize(pod, node, sizeLimit) });
  await makeNestedMountPoints(name, directory, pod);
  const fsGroup = pod.spec?.securityContext?.fsGroup;
  if (fsGroup !== undefined) await giveToGroup(directory, { fsGroup, readOnly: false });
  await mkdir(metaDirectoryOf(directory), { recursive: true, mode: 0o750 });
  await writeFile(join(metaDirectoryOf(directory), "ready"), "");
}

/** `<pod>/volumes/kubernetes.io~empty-dir/x` → `<pod>/plugins/kubernetes.io~empty-dir/x`. */
function metaDirectoryOf(directory: string): string {
  const podDirectory = dirname(dirname(dirname(directory)));
  return join(podDirectory, "plugins", "kubernetes.io~empty-dir", basename(directory));
}

/** Bytes for a volume in memory; 0 when nothing limits it. */
function memorySize(pod: Pod, node: Node, sizeLimit?: string): number {
  const limits = [node.status?.allocatable?.["memory"], memoryLimitOf(pod), sizeLimit]
    .filter((limit) => limit !== undefined)
    .map(wholeNumber)
    .filter((limit) => limit > 0);
  return limits.length ? Math.min(...limits) : 0;
}

/** What the pod may use altogether; undefined when one of its containers may use anything. */
function memoryLimitOf({ spec }: Pod): number | undefined {
  const ofPod = spec?.resources?.limits?.["memory"];
  if (ofPod !== undefined) return wholeNumber(ofPod);
  const { containers = [], initContainers = [], overhead } = spec ?? {};
  const limitOf = ({ resources }: Container) => wholeNumber(resources?.limits?.["memory"] ?? 0);
  if ([...containers, ...initContainers].some((container) => limitOf(container) === 0)) return undefined;
  let sidecars = 0;
  let starting = 0;
  for (const container of initContainers) {
    if (container.restartPolicy === "Always") sidecars += limitOf(container);
    starting = Math.max(
      starting,
      container.restartPolicy === "Always" ? sidecars : sidecars + limitOf(container),
    );
  }
  const running = containers.reduce((sum, container) => sum + limitOf(container), sidecars);
  return Math.max(running, starting) + wholeNumber(overhead?.["memory"] ?? 0);
}

function wholeNumber(quantity: string | number): number {
  return Number(wholeValue(quantity));
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    (err: NodeJS.ErrnoException) => {
      if (err.code === "ENOENT") return false;
      throw err;
    },
  );
}
