/**
 * What a running Knarr leaves in its run folder so that the next command finds it: who it is and with which config it
 * started. Written by the supervisor, removed by `knarr down`; a stale one (its processes are gone) is as good as none.
 */

import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "./options.ts";
import { writePrivate } from "./pki/certificates.ts";
import { isAlive, type ProcessId } from "./processes.ts";

export interface RunFile {
  readonly supervisor: ProcessId;
  readonly processes: Readonly<Record<string, ProcessId>>;
  readonly config: Config;
}

export function runFilePath(config: Pick<Config, "run-dir">): string {
  return join(config["run-dir"], "knarr.json");
}

export function readRunFile(config: Pick<Config, "run-dir">): RunFile | undefined {
  const path = runFilePath(config);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as RunFile) : undefined;
}

/** The run file of a Knarr whose supervisor is alive. */
export function findRunning(config: Pick<Config, "run-dir">): RunFile | undefined {
  const file = readRunFile(config);
  return file && isAlive(file.supervisor) ? file : undefined;
}

export function writeRunFile(file: RunFile): void {
  mkdirSync(file.config["run-dir"], { recursive: true, mode: 0o700 });
  writePrivate(runFilePath(file.config), JSON.stringify(file));
}

export function removeRunFile(config: Pick<Config, "run-dir">): void {
  rmSync(runFilePath(config), { force: true });
}
