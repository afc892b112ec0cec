/**
 * The folder of image archives that are loaded at start, for machines that no registry reaches. Each is loaded once: what was
 * loaded is remembered by name, size and time, beside containerd's own data.
 */

import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { importImages, type ImageStoreOptions } from "@knarr/cri/image-store.ts";
import type { Logger } from "@knarr/std/log.ts";

/** Resolves when every archive that is new has been tried. One that is broken is logged and keeps nobody waiting. */
export async function loadImageFolder(
  folder: string,
  memory: string,
  store: ImageStoreOptions,
  log: Logger,
): Promise<void> {
  const known = new Set<string>(
    existsSync(memory) ? (JSON.parse(readFileSync(memory, "utf8")) as string[]) : [],
  );
  for (const archive of archivesIn(folder)) {
    const { size, mtimeMs } = statSync(archive);
    const id = `${archive} ${size} ${mtimeMs}`;
    if (known.has(id)) continue;
    try {
      const images = await importImages(archive, store);
      log.info("Loaded images", { archive, images });
      known.add(id);
      writeFileSync(memory, JSON.stringify([...known]), { mode: 0o600 });
    } catch (err) {
      log.error("Images could not be loaded", { archive, err });
    }
  }
}

/** The archives of a folder, in order; none when there is no such folder. */
export function archivesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /\.(tar|tar\.gz|tgz)$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}
