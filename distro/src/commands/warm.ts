/**
 * `knarr warm`: loads every part of Knarr once and ends, so that Node.js keeps what it made of their TypeScript (its compile cache).
 * Called by tools/bootstrap after an installation: a process that must strip types itself holds the compiler for as long as it
 * lives, 15 to 40 MB, and starts later; the first `knarr up` would have four such processes.
 */

import { defineCommand } from "../command.ts";

export const warm = defineCommand({
  name: "warm",
  summary: "",
  usage: "knarr warm",

  async run() {
    const { commands } = await import("../commands.ts");
    const { parts } = await import("./process.ts");
    await Promise.all([...Object.values(commands), ...Object.values(parts)].map((load) => load()));
    await Promise.all([import("../pki/pki.ts"), import("../pki/kubeconfig.ts"), import("../clean-up.ts")]);
    // What the store loads by itself: a thread, and a driver that few have.
    await Promise.all([import("@knarr/store/sqlite/worker.ts"), import("@knarr/store/drivers/etcd.ts")]);
    process.exit(0); // nothing was started; what is loaded may hold timers
  },
});
