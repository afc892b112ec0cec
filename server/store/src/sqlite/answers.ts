/** How answers leave the worker: writes of one transaction packed into one, and bytes handed over rather than copied. */

import type { Transferable } from "node:worker_threads";
import type { Answer, Committed } from "./messages.ts";
import { packRows } from "./packing.ts";
import type { Write, Written } from "./revision-log.ts";

/** Both in the same order. */
export function committed(writes: readonly Write[], written: readonly Written[]): Committed {
  const deleted: Written["other"][] = [];
  const refused: Written["other"][] = [];
  for (const [index, { revision, other }] of written.entries()) {
    if (revision === 0) refused.push(other);
    else if (writes[index]!.value === undefined) deleted.push(other);
  }
  return {
    type: "committed",
    count: writes.length,
    revisions: Float64Array.from(written, ({ revision }) => revision),
    created: Float64Array.from(written, ({ created }) => created),
    deleted: packRows(deleted),
    refusals: packRows(refused),
  };
}

/** To be transferred; the few numbers beside them are not worth it. */
export function buffersOf(answer: Answer): Transferable[] {
  if (answer.type === "committed")
    return [answer.deleted, answer.refusals].map(({ values }) => values.bytes.buffer);
  if (answer.type === "read" && "rows" in answer.answer) return [answer.answer.rows.values.bytes.buffer];
  return [];
}
