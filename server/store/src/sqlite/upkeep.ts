/** What can wait: the compaction's sweep, free pages given back, the write-ahead log copied to its place and short again. */

import { explain } from "./database.ts";
import type { FileWork } from "./file-work.ts";
import type { ReadAnswer } from "./messages.ts";
import type { RevisionLog } from "./revision-log.ts";
import type { WriteAhead } from "./write-ahead.ts";

/** Revisions swept at once when nobody waits: about a millisecond. */
const SWEEP_STEPS = 256;
const QUIET_MS = 100;
/** A load that was away for so long is over. */
const REST_MS = 10_000;

export interface UpkeepParts {
  readonly path: string;
  readonly log: RevisionLog;
  readonly ahead: WriteAhead;
  /** While it copies the file, no pages are given back. */
  readonly fileWork: FileWork;
}

/**
 * Goes on in small steps between requests. A compaction is answered once: when all before it is swept, or when upkeep has failed. Nothing is
 * thrown: what has failed is left for later. It starts again with the next write or compaction, and a write meets the same trouble and says so.
 *
 * It does not see requests by itself: whoever takes them calls `afterWrites` for each transaction, and `schedule` when none are left. Once it
 * is disposed of, compactions get no answer; the sweep goes on when the file is opened again.
 */
export class Upkeep implements Disposable {
  readonly #parts: UpkeepParts;
  /** Who waits for the sweep. */
  #compactions: ((answer: ReadAnswer) => void)[] = [];
  /** Compaction has left free pages that may be given back. */
  #mayShrink = false;
  /** The file is shorter by what the write-ahead log says. */
  #hasShrunk = false;
  #quiet: NodeJS.Timeout | undefined;
  #rest: NodeJS.Timeout | undefined;
  #isScheduled = false;
  #isOver = false;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
  }

  /** After opening: the log has its length, and a sweep that was begun before goes on. */
  begin(): void {
    this.attempt(() => this.#parts.ahead.ready());
    this.schedule();
  }

  /** `answered` gets failures as answers. */
  compact(revision: number, answered: (answer: ReadAnswer) => void): void {
    const { log } = this.#parts;
    if (revision > log.revision) {
      answered({ type: "tooNew", revision, now: log.revision });
      return;
    }
    this.#compactions.push(answered);
    this.attempt(() => log.compact(revision));
  }

  /** The sweep keeps up with those who always write. */
  afterWrites(count: number): void {
    if (!this.#parts.log.isSwept) this.#sweep(2 * count);
    this.checkpointWhenQuiet();
  }

  /** Goes on with what can wait, as soon as nothing else is there. */
  schedule(): void {
    if (this.#isScheduled || this.#isOver) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#isOver) return;
      if (this.#isDone()) return;
      this.schedule();
    });
  }

  /** Copying the write-ahead log to its place takes some milliseconds, so it waits for a moment in which nobody writes. */
  checkpointWhenQuiet(): void {
    if (this.#isOver) return;
    this.#quiet ??= setTimeout(() => {
      this.#quiet = undefined;
      this.attempt(() => this.#checkpoint());
    }, QUIET_MS);
    this.#quiet.refresh();
  }

  /** Whether it went well. If not, those who wait for a compaction are told why. */
  attempt(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (err) {
      const message = explain(err, `Cannot compact the store ${this.#parts.path}`);
      this.#answerCompactions({ type: "error", message });
      return false;
    }
  }

  /** Nothing is begun any more. */
  [Symbol.dispose](): void {
    this.#isOver = true;
    clearTimeout(this.#quiet);
    clearTimeout(this.#rest);
  }

  #isDone(): boolean {
    const { log, fileWork } = this.#parts;
    if (!log.isSwept) {
      this.#mayShrink = true;
      return !this.#sweep(SWEEP_STEPS);
    }
    this.#answerCompactions({ type: "compacted", revision: log.compacted });
    if (!this.#mayShrink || fileWork.isCopying) return true;
    this.#shrink();
    if (!this.#mayShrink) this.checkpointWhenQuiet();
    return !this.#mayShrink;
  }

  #sweep(steps: number): boolean {
    const { log, ahead } = this.#parts;
    return this.attempt(() => {
      log.sweep(steps);
      ahead.keepAhead();
    });
  }

  #shrink(): void {
    const { log, ahead } = this.#parts;
    this.#mayShrink = false;
    this.attempt(() => {
      this.#mayShrink = log.shrink();
      ahead.keepAhead();
    });
    this.#hasShrunk = true;
  }

  #answerCompactions(answer: ReadAnswer): void {
    for (const answered of this.#compactions) answered(answer);
    this.#compactions = [];
  }

  #checkpoint(): void {
    const { ahead } = this.#parts;
    const { isFull } = ahead;
    if (this.#hasShrunk || isFull) ahead.checkpoint();
    this.#hasShrunk = false;
    if (ahead.isLong) this.#restLater(isFull);
  }

  /** The few writes that a cluster always makes are no load, and put nothing off. */
  #restLater(isLoad: boolean): void {
    const { ahead } = this.#parts;
    if (isLoad) this.#rest?.refresh();
    this.#rest ??= setTimeout(() => {
      this.#rest = undefined;
      this.attempt(() => {
        if (ahead.isFull) this.#restLater(false);
        else ahead.rest();
      });
    }, REST_MS);
  }
}
