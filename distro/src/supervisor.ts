/**
 * Keeps Knarr's own processes running: starts each, learns from it when it is ready, starts it again when it ends by
 * itself (at once the first time, then ever more slowly), and ends them in reverse order when asked to.
 *
 * Children outlive a supervisor that is killed: an API server that answers is worth more than a tidy process tree. The next
 * `knarr up` ends what is left over and starts anew; pods never notice either.
 */

import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { Backoff } from "@knarr/std/backoff.ts";
import { realClock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import { endProcess, processId, type ProcessId } from "./processes.ts";

/** What a child tells over its channel. */
export type Message = { readonly ready: Readonly<Record<string, unknown>> } | { readonly failed: string };

/** A child that ran this long was well: its next restart is at once again. */
const WELL_MS = 60_000;
const LOG_BYTES = 20 << 20;

export interface SupervisorOptions {
  /** Words after `knarr` that start the child called `name`. */
  readonly wordsFor: (name: string) => readonly string[];
  /** Words before the program that runs it (`nsenter …`); default none. */
  readonly placeFor?: (name: string) => readonly string[];
  /** Flags of Node.js for it, beside those that this process has. */
  readonly flagsFor?: (name: string) => readonly string[];
  readonly logDir: string;
  readonly log: Logger;
  /** Called after every start and end of a child. */
  readonly onChange: (processes: Readonly<Record<string, ProcessId>>) => void;
}

export class Supervisor implements AsyncDisposable {
  readonly #options: SupervisorOptions;
  readonly #children = new Map<string, ChildProcess>();
  readonly #backoff = new Backoff({ baseMs: 500, maxMs: 30_000 });
  readonly #stop = new AbortController();

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** Starts a child and resolves with what it said when it was ready. Rejects with its own words when it says it cannot, or ends first. */
  start(name: string): Promise<Readonly<Record<string, unknown>>> {
    const { promise, resolve, reject } = Promise.withResolvers<Readonly<Record<string, unknown>>>();
    const child = this.#spawn(name);
    child.on("message", (message: Message) => {
      if ("ready" in message) resolve(message.ready);
      else reject(new Error(message.failed));
    });
    onEnd(child, (reason) =>
      reject(new Error(`${name} ended before it was ready (${reason}); see ${this.#logFile(name)}`)),
    );
    promise.catch(() => undefined); // whoever awaits it hears; a restart in the background is logged below
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const [, child] of [...this.#children].reverse()) {
      const id = child.pid === undefined ? undefined : processId(child.pid);
      if (id) await endProcess(id);
    }
  }

  #spawn(name: string): ChildProcess {
    const file = this.#openLog(name);
    const flags = [...process.execArgv, ...(this.#options.flagsFor?.(name) ?? [])];
    const main = join(import.meta.dirname, "main.ts");
    const place = this.#options.placeFor?.(name) ?? [];
    const [program = "", ...words] = [
      ...place,
      process.execPath,
      ...flags,
      main,
      ...this.#options.wordsFor(name),
    ];
    const child = spawn(program, words, {
      stdio: ["ignore", file, file, "ipc"],
      detached: true, // a terminal's Ctrl-C is for the supervisor, which ends the children in order
    });
    closeSync(file);
    const started = realClock.now();
    this.#children.set(name, child);
    this.#changed();
    onEnd(child, (reason) => {
      this.#children.delete(name);
      this.#changed();
      if (this.#stop.signal.aborted) return;
      if (realClock.now() - started > WELL_MS) this.#backoff.forget(name);
      this.#restart(name, reason);
    });
    return child;
  }

  #restart(name: string, reason: string): void {
    const isFirst = this.#backoff.failures(name) === 0;
    const delay = this.#backoff.next(name);
    this.#options.log.error("Process ended, starting it again", { process: name, reason });
    realClock
      .sleep(isFirst ? 0 : delay, this.#stop.signal)
      .then(() => this.#startAgain(name))
      .catch((err) => this.#options.log.error("Process did not become ready", { process: name, err }));
  }

  /** What keeps a process from being started at all (no room for its log, no further process) may pass, too. */
  async #startAgain(name: string): Promise<void> {
    let ready: Promise<unknown>;
    try {
      ready = this.start(name);
    } catch (err) {
      this.#restart(name, (err as Error).message);
      return;
    }
    await ready;
  }

  #changed(): void {
    const ids = [...this.#children].map(
      ([name, { pid }]) => [name, pid === undefined ? undefined : processId(pid)] as const,
    );
    this.#options.onChange(
      Object.fromEntries(ids.filter((entry): entry is [string, ProcessId] => entry[1] !== undefined)),
    );
  }

  #logFile(name: string): string {
    return join(this.#options.logDir, `${name}.log`);
  }

  /** Logs grow to 20 MiB and one older file; a restart is when they are turned over. */
  #openLog(name: string): number {
    mkdirSync(this.#options.logDir, { recursive: true, mode: 0o750 });
    const path = this.#logFile(name);
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LOG_BYTES) renameSync(path, `${path}.1`);
    return openSync(path, "a", 0o640);
  }
}

/** Calls back once when the child has ended, or could not be started, with why. */
function onEnd(child: ChildProcess, ended: (reason: string) => void): void {
  child.once("exit", (code, signal) => ended(signal ?? `exit code ${code}`));
  child.on("error", (err) => {
    if (child.pid === undefined) ended(err.message);
  });
}
