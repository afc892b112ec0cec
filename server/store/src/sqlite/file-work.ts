/** What is done to the file as a whole: it is checked and copied while writes go on, and written anew while they wait. */

import type { DatabaseSync } from "node:sqlite";
import { checkFile } from "./check.ts";
import { backUp } from "./copies.ts";
import { explain } from "./database.ts";
import type { ReadAnswer, ReadRequest } from "./messages.ts";
import type { RevisionLog } from "./revision-log.ts";
import type { WriteAhead } from "./write-ahead.ts";

export type FileRequest = Extract<ReadRequest, { readonly type: "check" | "scrub" | "backup" }>;

export interface FileParts {
  readonly path: string;
  readonly database: DatabaseSync;
  readonly log: RevisionLog;
  readonly ahead: WriteAhead;
  /** Ends a check. */
  readonly signal: AbortSignal;
}

export function isFileRequest(request: ReadRequest): request is FileRequest {
  return request.type === "check" || request.type === "scrub" || request.type === "backup";
}

export class FileWork {
  readonly #parts: FileParts;
  /** A file that is checked must not change, so what may not meet is done in turn. */
  #turn: Promise<unknown> = Promise.resolve();
  readonly #pending = new Set<Promise<unknown>>();

  constructor(parts: FileParts) {
    this.#parts = parts;
  }

  /** `answered` gets failures as answers. */
  start(request: FileRequest, answered: (answer: ReadAnswer) => void): void {
    const before = request.type === "backup" ? Promise.resolve() : this.#turn;
    const work = before.then(() => this.#do(request)).then(answered);
    if (request.type !== "backup") this.#turn = work;
    this.#pending.add(work);
    void work.then(() => this.#pending.delete(work)); // nothing throws
  }

  /** All is answered. */
  async done(): Promise<void> {
    await Promise.all(this.#pending);
  }

  async #do(request: FileRequest): Promise<ReadAnswer> {
    const { path } = this.#parts;
    try {
      switch (request.type) {
        case "check":
          return { type: "checked", problems: await this.#check() };
        case "scrub":
          this.#scrub();
          return { type: "scrubbed" };
        case "backup":
          await backUp(this.#parts.database, request.path);
          return { type: "backedUp" };
      }
    } catch (err) {
      return { type: "error", message: explain(err, whatFailed(request, path)) };
    }
  }

  async #check(): Promise<string[]> {
    const { path, ahead, signal } = this.#parts;
    try {
      ahead.hold();
      return await checkFile(path, signal);
    } finally {
      ahead.letGo();
    }
  }

  #scrub(): void {
    const { log, ahead } = this.#parts;
    log.scrub();
    ahead.empty();
    ahead.ready();
  }
}

function whatFailed(request: FileRequest, path: string): string {
  switch (request.type) {
    case "check":
      return `Cannot check the store ${path}`;
    case "scrub":
      return `Cannot write the store ${path} anew`;
    case "backup":
      return `Cannot back the store up to ${request.path}`;
  }
}
