/** Finds out when a disk that took no writes takes them again. */

import { statfsSync } from "node:fs";
import type { RevisionLog } from "./revision-log.ts";
import type { Upkeep } from "./upkeep.ts";
import type { WriteAhead } from "./write-ahead.ts";

/** So often a disk that took no writes is tried again. */
const PROBE_MS = 1000;
/** With less room the next large write would meet the same trouble again. */
const ROOM_BYTES = 4 << 20;

export interface ProbeParts {
  readonly path: string;
  readonly log: RevisionLog;
  readonly ahead: WriteAhead;
  readonly upkeep: Upkeep;
  /** The disk takes writes again. */
  recovered(): void;
}

/**
 * A disk may have room or work again later. That is found out by trying, here too, for nobody may write who could. After failed writes, one or
 * many, `recovered` is called once, which is no promise that the next write succeeds.
 *
 * A sync that failed is no reason to distrust what comes after: the next commit writes its pages in the place of those. Damaged content does
 * not mend by waiting: whoever has found it does not come here.
 */
export class DiskProbe implements Disposable {
  readonly #parts: ProbeParts;
  /** Set while the disk takes no writes. */
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: ProbeParts) {
    this.#parts = parts;
  }

  /** The log's own space is given back first: it may be the room that is wanted. */
  afterFailure(): void {
    const { ahead, upkeep, recovered } = this.#parts;
    upkeep.attempt(() => ahead.empty());
    this.#timer ??= setInterval(() => {
      if (!this.#isWell()) return;
      this.#stop();
      recovered();
    }, PROBE_MS);
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #isWell(): boolean {
    const { path, log, upkeep } = this.#parts;
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize >= ROOM_BYTES && upkeep.attempt(() => log.touch());
  }
}
