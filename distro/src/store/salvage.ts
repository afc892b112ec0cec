/** A store whose file is damaged: what can be read in it, and a new file with that. */

import { existsSync } from "node:fs";
import { movedPrefixes } from "@knarr/apiserver/cache/store-keys.ts";
import { examine, salvage, type Examined, type Salvaged } from "@knarr/store/sqlite/salvage/salvage.ts";
import { datastoreFile } from "../datastore.ts";
import type { Config } from "../options.ts";
import { findRunning } from "../run-file.ts";
import { assertStopped, fileOf, stampOf } from "./stopped.ts";

/** Refused, with nothing changed, while the store is in use. */
export function salvageStore(config: Config, now: Date): Salvaged {
  const path = fileOf(config, "salvage", "its own tools know it");
  assertStopped(config, "salvage");
  return salvage({ path, stamp: stampOf("salvage", now), now, moved: movedPrefixes() });
}

/** What a salvage would bring; undefined when there is no file, or it is in use. */
export function examineStore(config: Config, now: Date): Examined | undefined {
  const path = datastoreFile(config);
  if (path === undefined || !existsSync(path) || findRunning(config)) return undefined;
  return examine(path, now);
}

/** All that is not as it was, in lines for whoever has to do with it; none when everything is. */
export function losses({ lost, outdated, doubtful, unknownWrites, ...damage }: Examined): string[] {
  const list = (what: string, keys: readonly string[]): string[] =>
    keys.length ? [`${what}:`, ...keys.map((key) => `  ${key}`)] : [];
  const lines = [
    ...list("Lost but for the name", lost),
    ...list("As they were before they were written last", outdated),
    ...list("Back, though they may have been deleted before", doubtful),
  ];
  if (unknownWrites !== 0)
    lines.push(
      `${unknownWrites ?? "Some"} of the last writes may be lost, and nobody can tell of which objects.`,
    );
  if (damage.isLogDamaged)
    lines.push("The log of the last writes was damaged: some objects may be as they were minutes ago.");
  if (damage.damagedPages > 1)
    lines.push(
      `${damage.damagedPages} pages were damaged: objects may be gone of which not even the name is left. Compare with a backup.`,
    );
  return lines;
}
