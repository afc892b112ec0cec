/**
 * `knarr process NAME --run-file FILE`: one of Knarr's own processes, started by the supervisor. Tells it over the channel
 * when it is ready, or why it cannot be; runs until it is told to end.
 */

import { readFileSync } from "node:fs";
import { realClock } from "@knarr/std/clock.ts";
import { giveBackMemory } from "@knarr/std/give-back.ts";
import { createLogger, type Logger } from "@knarr/std/log.ts";
import { defineCommand } from "../command.ts";
import { option, parseOptions, UsageError } from "../option.ts";
import type { Config } from "../options.ts";
import type { RunFile } from "../run-file.ts";
import type { Message } from "../supervisor.ts";

/** Resolves when the part is ready. Disposing of it ends it; pods are none of that. */
export type Start = (config: Config, log: Logger) => Promise<AsyncDisposable>;

/** Imported when started: a process loads its own part and no other. */
export const parts: Readonly<Record<string, () => Promise<Start>>> = {
  server: async () => (await import("../parts/server.ts")).startServerPart,
  agent: async () => (await import("../parts/agent.ts")).startAgentPart,
  dns: async () => (await import("../parts/dns.ts")).startDnsPart,
};

const own = {
  "run-file": option.path({
    group: "process",
    value: "/run/knarr/knarr.json",
    help: "Who started this, with which config",
  }),
};

export const process_ = defineCommand({
  name: "process",
  summary: "",
  usage: "knarr process NAME --run-file FILE",

  async run(argv) {
    const { values, words } = parseOptions(own, { argv });
    const [name = ""] = words;
    const load = Object.hasOwn(parts, name) ? parts[name] : undefined;
    if (!load)
      throw new UsageError(
        `Cannot start process ${JSON.stringify(name)}: wants one of ${Object.keys(parts).join(", ")}`,
      );
    const { config } = JSON.parse(readFileSync(values["run-file"], "utf8")) as RunFile;
    const log = createLogger({ verbose: config.verbose });
    const asked = new Promise<void>((resolve) => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
    });
    // A bug in one request must not take every other client's connection along: it is logged, and the process goes on.
    process.on("unhandledRejection", (err) => log.error("Unhandled rejection", { err }));

    const start = await load();
    const part = await Promise.race([start(config, log), asked]);
    if (part) {
      if (process.connected) process.send!({ ready: {} } satisfies Message);
      log.info("Process is ready", { process: name });
      const ending = new AbortController();
      giveBackMemory(realClock, ending.signal).catch(() => undefined); // asked to end before it came to it
      await asked;
      ending.abort();
      log.info("Process is ending", { process: name });
      await part[Symbol.asyncDispose]();
    }
    // Asked to end before it was ready, or done with its own: whatever is still open (idle connections) is nobody's any more.
    process.exit(0);
  },
});
