#!/usr/bin/env node
/**
 * The program `knarr`: finds the command, runs it, turns what goes wrong into one sentence and exit code 1.
 */

import { commands } from "./commands.ts";
import { UsageError } from "./option.ts";
import { standardTerminal as terminal } from "./terminal.ts";

async function main([name = "help", ...argv]: readonly string[]): Promise<number> {
  const wanted = name === "--help" || name === "-h" ? "help" : name === "--version" ? "version" : name;
  const load = Object.hasOwn(commands, wanted) ? commands[wanted] : undefined;
  if (!load)
    throw new UsageError(
      `Cannot understand ${JSON.stringify(name)}: there is no such command; \`knarr help\` lists them`,
    );
  if (argv.includes("--help") || argv.includes("-h"))
    return (await commands["help"]!()).run([wanted], terminal);
  return (await load()).run(argv, terminal);
}

/** `knarr help | head`, or a supervisor in the background: nobody reads any more; or the disk has no room for what is said. */
const BEARABLE = ["EPIPE", "ENOSPC"];
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (err: NodeJS.ErrnoException) => {
    if (!BEARABLE.includes(err.code ?? "")) throw err;
  });

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (err) {
  const isKnown = err instanceof Error && ["UsageError", "PreflightError"].includes(err.name);
  const text = isKnown || !process.env["KNARR_VERBOSE"] ? (err as Error).message : (err as Error).stack;
  console.error(`knarr: ${text}`);
  process.send?.({ failed: text }); // to `knarr up --detach`, or to the supervisor
  process.exitCode = 1;
}
