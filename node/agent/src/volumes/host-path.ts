/**
 * The hostPath volume: a path of the node as it is. `type` says what must be there, or be made; upstream's words
 * when it is something else.
 */

import type { Stats } from "node:fs";
import { mkdir, open, stat } from "node:fs/promises";
import { removeTree } from "./mount.ts";
import { defineVolumePlugin, VolumeNotReady } from "./volume.ts";

const checks: Readonly<Record<string, { what: string; is(found: Stats): boolean }>> = {
  Directory: { what: "a directory", is: (found) => found.isDirectory() },
  File: { what: "a file", is: (found) => found.isFile() },
  Socket: { what: "a socket file", is: (found) => found.isSocket() },
  CharDevice: { what: "a character device", is: (found) => found.isCharacterDevice() },
  BlockDevice: { what: "a block device", is: (found) => found.isBlockDevice() },
};

export const hostPathVolume = defineVolumePlugin({
  name: "host-path",
  handles: (volume) => volume.hostPath !== undefined,
  async setUp({ hostPath }) {
    const { path, type = "" } = hostPath!;
    if (path.split("/").includes(".."))
      throw new VolumeNotReady(`invalid HostPath \`${path}\`: must not contain '..'`);
    if (type !== "") await ensureType(path, type);
    return { hostPath: path };
  },
  tearDown: removeTree,
});

async function ensureType(path: string, type: string): Promise<void> {
  const found = await stat(path).catch((err: NodeJS.ErrnoException) => {
    if (err.code !== "ENOENT") throw err;
  });
  if (!found && type === "DirectoryOrCreate")
    return void (await mkdir(path, { recursive: true, mode: 0o755 }));
  if (!found && type === "FileOrCreate") return await (await open(path, "a", 0o644)).close();
  const check = checks[type.replace(/OrCreate$/, "")];
  if (!check) throw new VolumeNotReady(`${type} is an invalid volume type`);
  if (!found || !check.is(found))
    throw new VolumeNotReady(`hostPath type check failed: ${path} is not ${check.what}`);
}
