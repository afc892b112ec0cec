/**
 * Copies the write-ahead log to its place while writes go on, in a thread of its own, which is there as long as the load is. What is written meanwhile
 * is left: only who writes can come to the end, which then takes him a tenth of the time.
 *
 * SQLite takes a page for copied before the disk has it. When the disk then fails, the kernel shows pages as written that the disk does not have; nothing but the
 * log has them, and it must not begin anew until they have been copied again.
 */

import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { ABSENT, BUSY, FAILED, IDLE, type ThreadData } from "./checkpointer-state.ts";
import { PAGE_SIZE } from "./salvage/page-file.ts";
import { WriteAheadLog } from "./salvage/write-ahead-log.ts";

export class Checkpointer implements Disposable {
  readonly #path: string;
  readonly #file: number;
  readonly #state = new Int32Array(new SharedArrayBuffer(4));
  #thread: Worker | undefined;
  #isEnding = false;
  /** The thread cannot be: who writes copies by himself. */
  isBroken = false;

  /** Of a file that is open as long as this is, and may be by more than one connection. */
  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, "r+");
  }

  get isBusy(): boolean {
    return this.#now === BUSY;
  }

  /** False: not yet, for its thread is not there. Ask again. */
  begin(): boolean {
    this.#start();
    if (this.#isEnding || this.#now !== IDLE) return false;
    Atomics.store(this.#state, 0, BUSY);
    this.#thread!.postMessage(undefined);
    return true;
  }

  /** Nothing is being copied any more, and the disk has all that SQLite takes for copied. Throws when it does not take it. */
  settle(): void {
    Atomics.wait(this.#state, 0, BUSY);
    if (this.#now !== FAILED) return;
    this.#copyAgain();
    Atomics.store(this.#state, 0, this.#thread ? IDLE : ABSENT);
  }

  /** Its thread ends, until it is asked for again. */
  async rest(): Promise<void> {
    Atomics.wait(this.#state, 0, BUSY);
    this.#isEnding = this.#thread !== undefined; // what it is asked for now it may never do
    await this.#thread?.terminate();
  }

  /** Once no connection has the file open: who closes a file lets go of all locks that his process has on it. */
  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  get #now(): number {
    return Atomics.load(this.#state, 0);
  }

  #start(): void {
    if (this.#thread || this.isBroken) return;
    this.#thread = new Worker(new URL("./checkpointer-thread.ts", import.meta.url), {
      workerData: { path: this.#path, file: this.#file, state: this.#state } satisfies ThreadData,
      name: "checkpointer",
    });
    this.#thread.unref();
    this.#thread.on("error", () => (this.isBroken = true));
    this.#thread.on("exit", () => {
      this.#thread = undefined;
      this.#isEnding = false;
      Atomics.compareExchange(this.#state, 0, IDLE, ABSENT);
    });
  }

  /** By hand, for SQLite copies no page twice. Until the log begins anew, nobody reads those pages from the file. */
  #copyAgain(): void {
    using log = WriteAheadLog.open(`${this.#path}-wal`, PAGE_SIZE, () => undefined);
    for (const { number, page } of log?.latest() ?? [])
      writeSync(this.#file, page, 0, PAGE_SIZE, (number - 1) * PAGE_SIZE);
    fdatasyncSync(this.#file);
  }
}
