/**
 * Named pipes between us and a container's shim, opened on our side so that neither ever waits for the other to open.
 *
 * Making them costs a process (Node has no mkfifo), so sets that carried output only are kept and used again: a probe
 * that runs every second makes none. A set whose stdin was used, or whose other end may still be open, is thrown away.
 */

import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, constants, globSync, mkdirSync, openSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const KEPT = 16;

export interface FifoSet {
  readonly directory: string;
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
}

export class FifoPool {
  readonly #root: string;
  readonly #free: FifoSet[] = [];

  /** What an earlier process left below `root` is removed. */
  constructor(root: string) {
    this.#root = root;
    releaseFifos(root);
  }

  async take(): Promise<FifoSet> {
    const free = this.#free.pop();
    if (free) return free;
    const directory = join(this.#root, randomBytes(8).toString("hex"));
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const [stdin = "", stdout = "", stderr = ""] = ["stdin", "stdout", "stderr"].map((name) =>
      join(directory, name),
    );
    await run("mkfifo", ["-m", "600", stdin, stdout, stderr]);
    return { directory, stdin, stdout, stderr };
  }

  /** Only a set that nobody else has open any more may be used again. */
  async give(set: FifoSet, { reusable }: { readonly reusable: boolean }): Promise<void> {
    if (reusable && this.#free.length < KEPT) this.#free.push(set);
    else await rm(set.directory, { recursive: true, force: true });
  }
}

/**
 * Removes what a process that has ended left below `root`. A shim that was opening its end just then would wait for the
 * other half a minute, and every command for its pod, that to stop too, behind it. With both ends open here it gets on,
 * or finds nothing to open.
 */
export function releaseFifos(root: string): void {
  const held = globSync(join(root, "*", "{stdin,stdout,stderr}")).map((path) =>
    openSync(path, constants.O_RDWR | constants.O_NONBLOCK),
  );
  rmSync(root, { recursive: true, force: true });
  for (const fd of held) closeSync(fd);
}

/** Both open at once, whether or not the shim has opened its end. The end of a reader comes when the shim closes. */
export function openReader(path: string): Socket {
  return openSocket(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), { readable: true });
}

/** Read-write, because opening only the write end fails until somebody reads. */
export function openWriter(path: string): Socket {
  return openSocket(openSync(path, constants.O_RDWR | constants.O_NONBLOCK), { writable: true });
}

function openSocket(fd: number, direction: { readable?: boolean; writable?: boolean }): Socket {
  const socket = new Socket({ fd, readable: false, writable: false, ...direction });
  socket.on("error", () => socket.destroy()); // the other side is gone, which its exit code tells better
  return socket;
}
