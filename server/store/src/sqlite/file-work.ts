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
  /** A file that is checked must not change, and one that is copied must not be written anew: so all is done in turn. */
  #turn: Promise<unknown> = Promise.resolve();
  #isCopying = false;

  constructor(parts: FileParts) {
    this.#parts = parts;
  }

  /** `answered` gets failures as answers. */
  start(request: FileRequest, answered: (answer: ReadAnswer) => void): void {
    this.#turn = this.#turn.then(() => this.#do(request)).then(answered);
  }

  /** While it is copied the file must not become shorter: SQLite's backup follows all that is written, but not that. */
  get isCopying(): boolean {
    return this.#isCopying;
  }

  /** All is answered. */
  async done(): Promise<void> {
    await this.#turn;
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
          await this.#backUp(request.path);
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

  async #backUp(path: string): Promise<void> {
    try {
      this.#isCopying = true;
      await backUp(this.#parts.database, path);
    } finally {
      this.#isCopying = false;
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
