/**
 * What the SQLite driver and its worker thread say to each other.
 *
 * Many small things travel as few large ones: values lie behind each other in one buffer that is transferred, numbers in
 * typed arrays, so a message costs about the same for one write and for a hundred. Writes are answered in the order they were sent, many
 * messages at once where one transaction held them; reads carry a number.
 */

/** Writes to be tried in this order. */
export interface WriteRequest {
  readonly type: "write";
  readonly keys: readonly string[];
  readonly expected: Float64Array;
  readonly values: Values;
}

/** Byte strings, packed. */
export interface Values {
  /** DELETED for what has none. */
  readonly lengths: Int32Array;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** In `lengths`: this is no value, but the absence of one. */
export const DELETED = -1;

export type ReadRequest =
  | { readonly type: "get"; readonly key: string; readonly revision: number | undefined }
  | {
      readonly type: "list";
      readonly prefix: string;
      readonly revision: number | undefined;
      readonly after: string | undefined;
      readonly limit: number | undefined;
      readonly count: boolean;
    }
  /** Changes after one revision and up to another, some at a time. */
  | { readonly type: "changes"; readonly prefix: string; readonly after: number; readonly upTo: number }
  /** Answered when the sweep is done. */
  | { readonly type: "compact"; readonly revision: number }
  | { readonly type: "stats" }
  | { readonly type: "check" }
  /** The file is written anew. */
  | { readonly type: "scrub" }
  /** A copy as one file; writes go on. */
  | { readonly type: "backup"; readonly path: string };

export type Request =
  WriteRequest | { readonly id: number; readonly read: ReadRequest } | { readonly type: "close" };

/** Entries, packed: the columns of a result. */
export interface Rows {
  readonly keys: readonly string[];
  readonly revisions: Float64Array;
  readonly created: Float64Array;
  readonly values: Values;
  /** Of those that are damaged, why. */
  readonly unreadable: readonly (readonly [index: number, why: string])[];
}

/** The fate of the oldest `count` writes not answered yet, which shared one transaction. */
export interface Committed {
  readonly type: "committed";
  readonly count: number;
  /** Of each write; 0 for one that was refused because its key had changed. */
  readonly revisions: Float64Array;
  readonly created: Float64Array;
  /** What was deleted, as it was last, in order. */
  readonly deleted: Rows;
  /** What is there instead, for each refused write in order; absent keys have revision 0. */
  readonly refusals: Rows;
}

export interface Failed {
  readonly type: "failed";
  readonly count: number;
  readonly message: string;
  /** They may be on the disk all the same. */
  readonly isUnsure: boolean;
}

export type ReadAnswer =
  | { readonly type: "rows"; readonly rows: Rows; readonly revision: number; readonly remaining: number }
  /** Rows in revision order; `isDelete` marks deletes, whose values are the last ones. `more`: ask again after the last. */
  | { readonly type: "changes"; readonly rows: Rows; readonly isDelete: Uint8Array; readonly more: boolean }
  | { readonly type: "compacted"; readonly revision: number }
  | { readonly type: "stats"; readonly bytes: number; readonly entries: number; readonly history: number }
  | { readonly type: "checked"; readonly problems: readonly string[] }
  | { readonly type: "scrubbed" }
  | { readonly type: "backedUp" }
  /** The read is of the past that is gone. */
  | { readonly type: "gone"; readonly revision: number; readonly compacted: number }
  | { readonly type: "tooNew"; readonly revision: number; readonly now: number }
  | { readonly type: "error"; readonly message: string };

export type Answer =
  | { readonly type: "opened"; readonly revision: number; readonly compacted: number }
  | { readonly type: "refused"; readonly message: string }
  | Committed
  | Failed
  /** After a failure: the disk takes writes again. */
  | { readonly type: "recovered" }
  | { readonly type: "read"; readonly id: number; readonly answer: ReadAnswer }
  | { readonly type: "closed" };
