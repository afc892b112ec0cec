/** What is done to a store's file while nobody uses it. */

import { datastoreFile } from "../datastore.ts";
import type { Config } from "../options.ts";
import { findRunning } from "../run-file.ts";

/** Throws, in the words of what was to be done, while Knarr runs. */
export function assertStopped(config: Config, verb: string): void {
  if (findRunning(config))
    throw new Error(`Cannot ${verb} the store while Knarr runs: \`knarr down\` stops it`);
}

/** Throws for a store that is elsewhere, and says whose tools do it there. */
export function fileOf(config: Config, verb: string, otherwise: string): string {
  const file = datastoreFile(config);
  if (file === undefined) throw new Error(`Cannot ${verb} a store that is no file of Knarr's: ${otherwise}`);
  return file;
}

/** What the name of the file that was there gets at its end. */
export function stampOf(verb: string, now: Date): string {
  return `before-${verb}-${now.toISOString().replaceAll(":", "").slice(0, 17)}Z`;
}
