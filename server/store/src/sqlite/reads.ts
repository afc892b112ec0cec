/** Reads of entries and changes, now and in the past, between two transactions. */

import { statSync } from "node:fs";
import { explain } from "./database.ts";
import type { FileRequest } from "./file-work.ts";
import type { ReadAnswer, ReadRequest } from "./messages.ts";
import { packRows } from "./packing.ts";
import type { RevisionLog } from "./revision-log.ts";
import type { WriteAhead } from "./write-ahead.ts";

/** Changes handed out at once. */
const CHANGES_PAGE = 1000;

/** Those that are answered at once. */
export type PlainRead = Exclude<ReadRequest, FileRequest | { readonly type: "compact" }>;

export interface ReadParts {
  readonly path: string;
  readonly log: RevisionLog;
  readonly ahead: WriteAhead;
}

/** Failures are answers, too. */
export function answerTo(request: PlainRead, parts: ReadParts): ReadAnswer {
  try {
    return request.type === "stats" ? stats(parts) : read(request, parts.log);
  } catch (err) {
    return { type: "error", message: explain(err, `Cannot read the store ${parts.path}`) };
  }
}

function stats({ path, log, ahead }: ReadParts): ReadAnswer {
  const bytes = statSync(path).size + ahead.bytes;
  return { type: "stats", bytes, ...log.counts() };
}

function read(request: Exclude<PlainRead, { readonly type: "stats" }>, log: RevisionLog): ReadAnswer {
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
