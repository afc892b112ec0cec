/**
 * What a running Knarr leaves in its run folder so that the next command finds it: who it is and with which config it
 * started. Written by the supervisor, removed by `knarr down`; a stale one (its processes are gone) is as good as none.
 */

import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { realClock, type Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
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

const RETRY_MS = 1000;

/**
 * Keeps the run file as it was last told to. A disk without room ends nobody: it is logged, and written as soon as there is some. Until then the next
 * command finds who ran before.
 */
export class RunFileKeeper implements Disposable {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  /** Not written yet. */
  #due: RunFile | undefined;

  constructor(log: Logger, clock: Clock = realClock) {
    this.#log = log;
    this.#clock = clock;
  }

  write(file: RunFile): void {
    const isRetried = this.#due !== undefined;
    this.#due = file;
    const err = isRetried ? undefined : this.#try();
    if (!err) return;
    this.#log.error("Run file could not be written", { err });
    void this.#retry().catch(() => {}); // only for being disposed of
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }

  async #retry(): Promise<void> {
    do await this.#clock.sleep(RETRY_MS, this.#stop.signal);
    while (this.#try());
  }

  /** What went wrong. */
  #try(): Error | undefined {
    try {
      if (this.#due) writeRunFile(this.#due);
      this.#due = undefined;
      return undefined;
    } catch (err) {
      return err as Error;
    }
  }
}

export function removeRunFile(config: Pick<Config, "run-dir">): void {
  rmSync(runFilePath(config), { force: true });
}
