/**
 * The worker thread that owns a SQLite file, so that waiting for the disk never stops the event loop.
 *
 * Group commit: whatever writes have arrived when a transaction ends go into the next one together, with one sync. So a lone
 * writer waits for one sync, and a hundred writers wait for one sync too. Reads are answered between transactions; the
 * compaction's sweep goes on in small steps when nobody waits, and in steps in proportion to the writes when somebody always does.
 */

import type { DatabaseSync } from "node:sqlite";
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from "node:worker_threads";
import { realClock } from "@knarr/std/clock.ts";
import { giveBackMemory } from "@knarr/std/give-back.ts";
import { buffersOf, committed } from "./answers.ts";
import { explain, openDatabase, resultCode, type MovedPrefixes } from "./database.ts";
import { DiskProbe } from "./disk-probe.ts";
import { FileWork, isFileRequest } from "./file-work.ts";
import type { Answer, ReadAnswer, ReadRequest, Request, WriteRequest } from "./messages.ts";
import { unpackValues } from "./packing.ts";
import { answerTo } from "./reads.ts";
import { RevisionLog, type Write } from "./revision-log.ts";
import { Upkeep } from "./upkeep.ts";
import { WriteAhead } from "./write-ahead.ts";

/** Writes in one transaction, so that none waits long for the others. */
const MAX_WRITES = 2048;
/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGED = [11, 26];

/** What the thread is started with. */
export interface WorkerData {
  readonly path: string;
  readonly moved: MovedPrefixes;
}

/**
 * Takes messages in the order in which they came, and answers writes in that order, too. When told to close it commits what came before, lets a
 * check or a copy of the file end, and closes the file.
 */
class Worker {
  readonly #port: MessagePort;
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #log: RevisionLog;
  readonly #ahead: WriteAhead;
  readonly #fileWork: FileWork;
  readonly #upkeep: Upkeep;
  readonly #probe: DiskProbe;
  readonly #closing = new AbortController();
  /** Why nothing can be written any more: the file's content is damaged. */
  #broken: string | undefined;

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
    const parts = { path, log: this.#log, ahead: this.#ahead };
    this.#fileWork = new FileWork({ ...parts, database: this.#database, signal });
    this.#upkeep = new Upkeep({ ...parts, fileWork: this.#fileWork });
    this.#probe = new DiskProbe({
      ...parts,
      upkeep: this.#upkeep,
      recovered: () => this.#answer({ type: "recovered" }),
    });
    port.on("message", (request: Request) => this.#work(request));
    this.#answer({ type: "opened", revision: this.#log.revision, compacted: this.#log.compacted });
    this.#upkeep.begin();
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
    this.#upkeep.schedule();
  }

  #next(): Request | undefined {
    return receiveMessageOnPort(this.#port)?.message as Request | undefined;
  }

  #commit(writes: readonly Write[]): void {
    if (writes.length === 0) return;
    try {
      if (this.#broken) throw new Error(this.#broken);
      this.#answer(committed(writes, this.#log.write(writes)));
      this.#upkeep.attempt(() => this.#ahead.keepAhead());
    } catch (err) {
      this.#onFailure(err, writes.length);
    }
    this.#upkeep.afterWrites(writes.length);
  }

  #onFailure(err: unknown, count: number): void {
    const message = this.#broken ?? explain(err, `Cannot write to the store ${this.#path}`);
    const isUnsure = resultCode(err) === 10;
    this.#answer({ type: "failed", count, message, isUnsure });
    if (DAMAGED.includes(resultCode(err))) this.#broken ??= message;
    if (!this.#broken) this.#probe.afterFailure();
  }

  #read(id: number, request: ReadRequest): void {
    const answered = (answer: ReadAnswer): void => this.#answer({ type: "read", id, answer });
    if (request.type === "compact") {
      this.#upkeep.compact(request.revision, answered);
    } else if (isFileRequest(request)) {
      this.#fileWork.start(request, (answer) => {
        answered(answer);
        this.#upkeep.checkpointWhenQuiet();
        this.#upkeep.schedule();
      });
    } else {
      answered(answerTo(request, { path: this.#path, log: this.#log, ahead: this.#ahead }));
    }
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    this.#upkeep[Symbol.dispose]();
    this.#probe[Symbol.dispose]();
    await this.#fileWork.done();
    await this.#ahead.end().catch(() => undefined); // the disk takes nothing; closing will meet the same trouble
    this.#database.close();
    this.#ahead[Symbol.dispose]();
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

if (parentPort) {
  try {
    new Worker(parentPort, workerData as WorkerData);
  } catch (err) {
    parentPort.postMessage({ type: "refused", message: (err as Error).message } satisfies Answer);
    parentPort.close();
  }
}
