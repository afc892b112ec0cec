/**
 * The worker thread that owns a SQLite file, so that waiting for the disk never stops the event loop.
 *
 * Group commit: whatever writes have arrived when a transaction ends go into the next one together, with one sync. So a lone
 * writer waits for one sync, and a hundred writers wait for one sync too. Reads are answered between transactions; the
 * compaction's sweep goes on in small steps when nobody waits, and in steps in proportion to the writes when somebody always does.
 */

import { statfsSync, statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import {
  parentPort,
  receiveMessageOnPort,
  workerData,
  type MessagePort,
  type Transferable,
} from "node:worker_threads";
import { realClock } from "@knarr/std/clock.ts";
import { giveBackMemory } from "@knarr/std/give-back.ts";
import { explain, openDatabase, resultCode, type MovedPrefixes } from "./database.ts";
import { FileWork, isFileRequest, type FileRequest } from "./file-work.ts";
import type { Answer, ReadAnswer, ReadRequest, Request, WriteRequest } from "./messages.ts";
import { packRows, unpackValues } from "./packing.ts";
import { RevisionLog, type Write, type Written } from "./revision-log.ts";
import { WriteAhead } from "./write-ahead.ts";

/** Writes in one transaction, so that none waits long for the others. */
const MAX_WRITES = 2048;
/** Revisions swept at once when nobody waits: about a millisecond. */
const SWEEP_STEPS = 256;
const QUIET_MS = 100;
/** A load that was away for so long is over. */
const REST_MS = 10_000;
/** So often a disk that took no writes is tried again. */
const PROBE_MS = 1000;
/** With less room the next large write would meet the same trouble again. */
const ROOM_BYTES = 4 << 20;
/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGED = [11, 26];
/** Changes handed out at once. */
const CHANGES_PAGE = 1000;

/** What the thread is started with. */
export interface WorkerData {
  readonly path: string;
  readonly moved: MovedPrefixes;
}

class Worker {
  readonly #port: MessagePort;
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #log: RevisionLog;
  readonly #ahead: WriteAhead;
  /** Why nothing can be written any more: the file's content is damaged. */
  #broken: string | undefined;
  /** Set while the disk takes no writes. */
  #probing: NodeJS.Timeout | undefined;
  #compactions: { readonly id: number; readonly revision: number }[] = [];
  /** Compaction has left free pages that may be given back. */
  #mayShrink = false;
  /** The file is shorter by what the write-ahead log says. */
  #hasShrunk = false;
  #quiet: NodeJS.Timeout | undefined;
  #rest: NodeJS.Timeout | undefined;
  #isScheduled = false;
  #isClosed = false;
  readonly #closing = new AbortController();
  readonly #fileWork: FileWork;

  constructor(port: MessagePort, { path, moved }: WorkerData) {
    this.#port = port;
    this.#path = path;
    this.#database = openDatabase(path, moved);
    this.#ahead = new WriteAhead(this.#database, path);
    try {
      this.#log = new RevisionLog(this.#database);
    } catch (err) {
      throw new Error(explain(err, `Cannot open the store ${path}`), { cause: err });
    }
    const { signal } = this.#closing;
    this.#fileWork = new FileWork({
      path,
      database: this.#database,
      log: this.#log,
      ahead: this.#ahead,
      signal,
    });
    port.on("message", (request: Request) => this.#work(request));
    this.#answer({ type: "opened", revision: this.#log.revision, compacted: this.#log.compacted });
    this.#try(() => this.#ahead.ready());
    this.#schedule();
    giveBackMemory(realClock, signal).catch(() => undefined); // closed before it came to it
  }

  /** Takes the request and all that wait behind it. */
  #work(first: Request): void {
    let request: Request | undefined = first;
    let writes: Write[] = [];
    for (; request; request = this.#next()) {
      if ("read" in request) {
        this.#commit(writes);
        writes = [];
        this.#read(request.id, request.read);
      } else if (request.type === "write") {
        addWrites(writes, request);
        if (writes.length < MAX_WRITES) continue;
        this.#commit(writes);
        writes = [];
      } else {
        this.#commit(writes);
        void this.#close(); // throws only what ends the thread
        return;
      }
    }
    this.#commit(writes);
    this.#schedule();
  }

  #next(): Request | undefined {
    return receiveMessageOnPort(this.#port)?.message as Request | undefined;
  }

  #commit(writes: readonly Write[]): void {
    if (writes.length === 0) return;
    try {
      if (this.#broken) throw new Error(this.#broken);
      this.#answerWrites(this.#log.write(writes), writes);
      this.#try(() => this.#ahead.keepAhead());
    } catch (err) {
      const message = this.#broken ?? explain(err, `Cannot write to the store ${this.#path}`);
      const isUnsure = resultCode(err) === 10;
      this.#answer({ type: "failed", count: writes.length, message, isUnsure });
      this.#afterFailure(err, message);
    }
    if (!this.#log.isSwept) this.#sweep(2 * writes.length);
    this.#checkpointWhenQuiet();
  }

  /**
   * A disk may have room or work again later. That is found out by trying, here too, for nobody may write who could. A sync that failed is no
   * reason to distrust what comes after: the next commit writes its pages in the place of those.
   */
  #afterFailure(err: unknown, message: string): void {
    if (DAMAGED.includes(resultCode(err))) this.#broken ??= message;
    if (this.#broken) return;
    this.#try(() => this.#ahead.empty());
    this.#probing ??= setInterval(() => {
      if (!this.#isWell()) return;
      clearInterval(this.#probing);
      this.#probing = undefined;
      this.#answer({ type: "recovered" });
    }, PROBE_MS);
  }

  #isWell(): boolean {
    const { bavail, bsize } = statfsSync(this.#path);
    return bavail * bsize >= ROOM_BYTES && this.#try(() => this.#log.touch());
  }

  #answerWrites(written: readonly Written[], writes: readonly Write[]): void {
    const deleted: Written["other"][] = [];
    const refused: Written["other"][] = [];
    for (const [index, { revision, other }] of written.entries()) {
      if (revision === 0) refused.push(other);
      else if (writes[index]!.value === undefined) deleted.push(other);
    }
    this.#answer({
      type: "committed",
      count: writes.length,
      revisions: Float64Array.from(written, ({ revision }) => revision),
      created: Float64Array.from(written, ({ created }) => created),
      deleted: packRows(deleted),
      refusals: packRows(refused),
    });
  }

  #read(id: number, request: ReadRequest): void {
    if (request.type === "compact") {
      this.#compact(id, request.revision);
      return;
    }
    if (isFileRequest(request)) {
      this.#fileWork.start(request, (answer) => {
        this.#answer({ type: "read", id, answer });
        if (!this.#isClosed) this.#checkpointWhenQuiet();
        this.#schedule();
      });
      return;
    }
    let answer: ReadAnswer;
    try {
      answer = this.#answerTo(request);
    } catch (err) {
      answer = { type: "error", message: explain(err, `Cannot read the store ${this.#path}`) };
    }
    this.#answer({ type: "read", id, answer });
  }

  #answerTo(request: Exclude<ReadRequest, FileRequest | { type: "compact" }>): ReadAnswer {
    const log = this.#log;
    if (request.type === "stats") {
      const bytes = statSync(this.#path).size + this.#ahead.bytes;
      return { type: "stats", bytes, ...log.counts() };
    }
    const revision = request.type === "changes" ? request.after : (request.revision ?? log.revision);
    if (revision < log.compacted) return { type: "gone", revision, compacted: log.compacted };
    if (revision > log.revision) return { type: "tooNew", revision, now: log.revision };
    switch (request.type) {
      case "get": {
        const entry = log.get(request.key, revision);
        return { type: "rows", rows: packRows(entry ? [entry] : []), revision, remaining: 0 };
      }
      case "list": {
        const { entries, remaining } = log.list(request.prefix, revision, request);
        return { type: "rows", rows: packRows(entries), revision, remaining };
      }
      case "changes": {
        const changes = log.changes(request.prefix, request.after, request.upTo, CHANGES_PAGE);
        return {
          type: "changes",
          rows: packRows(changes.map(({ entry }) => entry)),
          isDelete: Uint8Array.from(changes, ({ isDelete }) => (isDelete ? 1 : 0)),
          more: changes.length === CHANGES_PAGE,
        };
      }
    }
  }

  #compact(id: number, revision: number): void {
    if (revision > this.#log.revision) {
      this.#answer({ type: "read", id, answer: { type: "tooNew", revision, now: this.#log.revision } });
      return;
    }
    this.#compactions.push({ id, revision });
    this.#try(() => this.#log.compact(revision));
  }

  /** Goes on with what can wait, as soon as nothing else is there. */
  #schedule(): void {
    if (this.#isScheduled || this.#isClosed) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#isClosed) return;
      if (this.#isUpkeepDone()) return;
      this.#schedule();
    });
  }

  #isUpkeepDone(): boolean {
    if (!this.#log.isSwept) {
      this.#mayShrink = true;
      return !this.#sweep(SWEEP_STEPS);
    }
    for (const { id } of this.#compactions) {
      this.#answer({ type: "read", id, answer: { type: "compacted", revision: this.#log.compacted } });
    }
    this.#compactions = [];
    if (!this.#mayShrink || this.#fileWork.isCopying) return true;
    this.#mayShrink = false;
    this.#try(() => (this.#mayShrink = this.#log.shrink()));
    this.#hasShrunk = true;
    if (!this.#mayShrink) this.#checkpointWhenQuiet();
    return !this.#mayShrink;
  }

  /** Copying the write-ahead log to its place takes some milliseconds, so it waits for a moment in which nobody writes. */
  #checkpointWhenQuiet(): void {
    this.#quiet ??= setTimeout(() => {
      this.#quiet = undefined;
      this.#try(() => {
        const { isFull } = this.#ahead;
        if (this.#hasShrunk || isFull) this.#ahead.checkpoint();
        this.#hasShrunk = false;
        if (this.#ahead.isLong) this.#restLater(isFull);
      });
    }, QUIET_MS);
    this.#quiet.refresh();
  }

  /** The few writes that a cluster always makes are no load, and put nothing off. */
  #restLater(isLoad: boolean): void {
    if (isLoad) this.#rest?.refresh();
    this.#rest ??= setTimeout(() => {
      this.#rest = undefined;
      this.#try(() => {
        if (this.#ahead.isFull) this.#restLater(false);
        else this.#ahead.rest();
      });
    }, REST_MS);
  }

  #sweep(steps: number): boolean {
    return this.#try(() => this.#log.sweep(steps));
  }

  /** Upkeep that fails is left for later: it starts again with the next write or compaction, and a write meets the same trouble and says so. */
  #try(upkeep: () => void): boolean {
    try {
      upkeep();
      return true;
    } catch (err) {
      const message = explain(err, `Cannot compact the store ${this.#path}`);
      for (const { id } of this.#compactions) {
        this.#answer({ type: "read", id, answer: { type: "error", message } });
      }
      this.#compactions = [];
      return false;
    }
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    this.#closing.abort();
    clearTimeout(this.#quiet);
    clearTimeout(this.#rest);
    clearInterval(this.#probing);
    await this.#fileWork.done();
    this.#database.close();
    this.#answer({ type: "closed" });
    this.#port.close();
  }

  #answer(answer: Answer): void {
    this.#port.postMessage(answer, buffersOf(answer));
  }
}

function addWrites(writes: Write[], { keys, expected, values }: WriteRequest): void {
  const unpacked = unpackValues(values);
  for (let i = 0; i < keys.length; i++)
    writes.push({ key: keys[i]!, value: unpacked[i], expected: expected[i]! });
}

/** Bytes are handed over rather than copied; the few numbers beside them are not worth it. */
function buffersOf(answer: Answer): Transferable[] {
  if (answer.type === "committed")
    return [answer.deleted, answer.refusals].map(({ values }) => values.bytes.buffer);
  if (answer.type === "read" && "rows" in answer.answer) return [answer.answer.rows.values.bytes.buffer];
  return [];
}

if (parentPort) {
  try {
    new Worker(parentPort, workerData as WorkerData);
  } catch (err) {
    parentPort.postMessage({ type: "refused", message: (err as Error).message } satisfies Answer);
    parentPort.close();
  }
}
