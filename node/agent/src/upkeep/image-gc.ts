/**
 * Frees disk when it gets full: above 85 % images that no container uses are removed, the longest unused first, until 80 %.
 *
 * When an image was last used is remembered in the process alone: after a restart all seem just used, and are safe for two minutes.
 */

import { statfs } from "node:fs/promises";
import type { Image } from "@knarr/cri/generated/cri-v1.ts";

export interface ImageGcOptions {
  readonly highPercent: number;
  readonly lowPercent: number;
  readonly minAgeMs: number;
}

export const defaultImageGc: ImageGcOptions = { highPercent: 85, lowPercent: 80, minAgeMs: 120_000 };

export interface ImageUse {
  readonly id: string;
  readonly bytes: number;
  readonly firstSeen: number;
  readonly lastUsed: number;
}

export class ImageUses {
  readonly #uses = new Map<string, ImageUse>();

  /** `used` are the images of containers, by any of their names; `kept` are never listed. */
  note(images: readonly Image[], used: ReadonlySet<string>, kept: ReadonlySet<string>, now: number): void {
    const present = new Set<string>();
    for (const { id, repoTags, repoDigests, size, pinned } of images) {
      const names = [id, ...repoTags, ...repoDigests];
      if (pinned || names.some((name) => kept.has(name))) continue;
      present.add(id);
      const known = this.#uses.get(id);
      const lastUsed = names.some((name) => used.has(name)) ? now : (known?.lastUsed ?? 0);
      this.#uses.set(id, { id, bytes: size, firstSeen: known?.firstSeen ?? now, lastUsed });
    }
    for (const id of this.#uses.keys()) if (!present.has(id)) this.#uses.delete(id);
  }

  /** What to remove to free so many bytes, least recently used first. What is in use was used `now`. */
  candidates(bytes: number, { minAgeMs }: ImageGcOptions, now: number): readonly ImageUse[] {
    const unused = [...this.#uses.values()]
      .filter(({ lastUsed, firstSeen }) => lastUsed < now && now - firstSeen >= minAgeMs)
      .sort((one, other) => one.lastUsed - other.lastUsed || one.firstSeen - other.firstSeen);
    const chosen: ImageUse[] = [];
    for (let freed = 0; freed < bytes && unused.length;) {
      const next = unused.shift()!;
      chosen.push(next);
      freed += next.bytes;
    }
    return chosen;
  }
}

/** How many bytes must go for usage to be at the low mark; 0 while it is below the high one. */
export async function bytesToFree(
  path: string,
  { highPercent, lowPercent }: ImageGcOptions,
): Promise<number> {
  const { blocks, bavail, bsize } = await statfs(path);
  const usedPercent = 100 - (bavail * 100) / blocks;
  if (usedPercent < highPercent) return 0;
  return Math.ceil(blocks * bsize * (1 - lowPercent / 100) - bavail * bsize);
}
