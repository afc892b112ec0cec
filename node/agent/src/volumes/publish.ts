/**
 * What configMap, secret, downwardAPI and projected volumes have in common: a directory, on a tmpfs if the files are
 * nobody's business after a power cut, whose files are written atomically, belong to the pod's group, and are read-only to containers.
 */

import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { writeAtomically, type VolumeFiles } from "./atomic-writer.ts";
import { mountAt, mountTmpfs } from "./mount.ts";
import { giveToGroup } from "./ownership.ts";
import type { MountSource, VolumeContext } from "./volume.ts";

export async function publish(
  volume: string,
  files: VolumeFiles,
  context: VolumeContext,
  { medium }: { medium: "disk" | "memory" },
): Promise<MountSource> {
  const { pod, directory } = context;
  await makeVolumeDirectory(directory);
  if (medium === "memory" && !(await mountAt(directory))) await mountTmpfs(directory);
  await makeNestedMountPoints(volume, directory, pod);
  const fsGroup = pod.spec?.securityContext?.fsGroup;
  await writeAtomically(directory, files, {
    beforeSwap: async () => {
      if (fsGroup !== undefined) await giveToGroup(directory, { fsGroup, readOnly: true });
    },
  });
  return { hostPath: directory, readOnly: true };
}

/** Open to all users of the container: what they may do is for the files' own modes to say. */
export async function makeVolumeDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o777 });
  await chmod(directory, 0o777);
}

/**
 * Directories for volumes mounted inside this one (`/etc` and `/etc/app`): the runtime cannot make them in a volume that
 * is read-only. Only the outermost: `/etc/app/more` is the business of the volume at `/etc/app`.
 */
export async function makeNestedMountPoints(volume: string, directory: string, pod: Pod): Promise<void> {
  for (const path of nestedMountPoints(volume, pod)) {
    await mkdir(join(directory, path), { recursive: true, mode: 0o755 });
  }
}

function nestedMountPoints(volume: string, pod: Pod): string[] {
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  const found = new Set<string>();
  for (const { volumeMounts = [] } of [...initContainers, ...containers]) {
    const paths = volumeMounts.map(({ mountPath }) => mountPath.replace(/\/+$/, "")).sort();
    for (const mount of volumeMounts) {
      if (mount.name !== volume) continue;
      const prefix = `${mount.mountPath.replace(/\/+$/, "")}/`;
      const nested = paths.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length));
      for (const path of nested) {
        if (path.split("/").includes(".."))
          throw new Error(`invalid container mount point ${mount.mountPath}`);
        if (!nested.some((other) => path.startsWith(`${other}/`))) found.add(path);
      }
    }
  }
  return [...found];
}
