/** The shape of every command of `knarr`: what it is called, what it says of itself, what it does with its words. */

import type { Options } from "./option.ts";
import type { Terminal } from "./terminal.ts";

export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly usage: string;
  /** Options of its own, besides those of options.ts; shown in its help. */
  readonly options?: Options;
  /** Resolves with the exit code. Throws UsageError or any Error whose message says what is wrong and what to do. */
  run(argv: readonly string[], terminal: Terminal): Promise<number>;
}

export function defineCommand(command: Command): Command {
  return command;
}
