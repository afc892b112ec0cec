/**
 * A disk of a few megabytes that can be full, hang and fail, for tests: a file system on a loop device whose blocks lie in a tmpfs that is too small
 * for it when something else lies there, too. Needs root.
 */

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MEGABYTE = 1024 * 1024;
const FREEZE_SECONDS = 30;

export const canMakeDisks = process.getuid?.() === 0;

export class TestDisk implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "knarr-disk-"));
  readonly #below = join(this.#folder, "below");
  readonly #image = join(this.#below, "image");
  /** Where it is mounted. */
  readonly path = join(this.#folder, "disk");
  #guard: ChildProcess | undefined;

  constructor({ megabytes }: { readonly megabytes: number }) {
    mkdirSync(this.#below);
    mkdirSync(this.path);
    run("mount", ["-t", "tmpfs", "-o", `size=${2 * megabytes}m`, "tmpfs", this.#below]);
    writeFileSync(this.#image, "");
    truncateSync(this.#image, megabytes * MEGABYTE);
    run("mkfs.ext2", ["-q", "-m", "0", this.#image]);
    run("mount", ["-o", "loop", this.#image, this.path]);
  }

  /** What the kernel still knew of it is forgotten. Nobody may have a file on it open. */
  remount(): void {
    run("umount", [this.path]);
    run("mount", ["-o", "loop", this.#image, this.path]);
  }

  /** No space is left on it. */
  fill(): void {
    fillUp(join(this.path, "ballast"));
  }

  empty(): void {
    rmSync(join(this.path, "ballast"));
  }

  /** Writes to it wait. Not for longer than a test may take: whoever waits for a disk cannot be killed. */
  freeze(): void {
    run("fsfreeze", ["-f", this.path]);
    const script = `sleep ${FREEZE_SECONDS}; fsfreeze -u ${this.path}`;
    this.#guard = spawn("sh", ["-c", script], { stdio: "ignore", detached: true });
    this.#guard.unref();
  }

  thaw(): void {
    if (!this.#guard) return;
    process.kill(-this.#guard.pid!, "SIGKILL");
    this.#guard = undefined;
    run("fsfreeze", ["-u", this.path]);
  }

  /** Writes to blocks that were never written before fail, which a program hears when it syncs. */
  break(): void {
    fillUp(join(this.#below, "ballast"));
  }

  mend(): void {
    rmSync(join(this.#below, "ballast"));
  }

  [Symbol.dispose](): void {
    this.thaw();
    run("umount", [this.path]);
    run("umount", ["--lazy", this.#below]); // the loop device lets go of its image a moment after it is unmounted
    rmSync(this.#folder, { recursive: true });
  }
}

function fillUp(path: string): void {
  const file = openSync(path, "w");
  for (let size = MEGABYTE; size >= 1024; size /= 2) {
    const bytes = new Uint8Array(size);
    try {
      while (writeSync(file, bytes) === size);
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== "ENOSPC") throw err;
    }
  }
  closeSync(file);
}

function run(command: string, words: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`Cannot ${command} ${words.join(" ")}: ${error?.message ?? stderr}`);
}
