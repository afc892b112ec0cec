/** Named pipes: what a killed process leaves holds nobody up. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FifoPool } from "./fifos.ts";

for (const [name, redirection] of [
  ["stdin", "<"],
  ["stdout", ">"],
] as const) {
  test(`FifoPool lets go who waits for an earlier process to open ${name}`, { timeout: 20_000 }, async () => {
    const root = mkdtempSync(join(tmpdir(), "knarr-fifos-"));
    const set = await new FifoPool(root).take();
    const shim = spawn("sh", ["-c", `echo here; exec 3${redirection}"$0"`, set[name]]);
    try {
      await once(shim.stdout, "data");
      while (!isAsleep(shim.pid!)) await new Promise((resolve) => setImmediate(resolve));
      const ended = once(shim, "exit");
      new FifoPool(root);
      assert.deepEqual(await ended, [0, null]);
      assert.equal(existsSync(set.directory), false);
    } finally {
      shim.kill("SIGKILL");
      rmSync(root, { recursive: true, force: true });
    }
  });
}

/** All it does is to open the pipe: asleep it is waiting for the other end. */
function isAsleep(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).startsWith("S");
}
