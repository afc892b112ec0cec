/**
 * Marks: keys beside the cluster's own that tell what has become of a write whose answer is lost.
 *
 * A write's transaction expects its mark as it was, and writes it. So the same write sent twice is made once, whatever others do with its key, and
 * the mark's revision says whether it was made and when. Before a write is sent again, what was sent before is settled:
 *
 *     sent, and made       mark@17 -> mark@23     settle finds the mark at 23: made then
 *     sent, and not there  mark@17 -> void@24     settle writes the mark itself: what is still on the way expects 17, and is never made
 *
 * A mark serves one write at a time and the next one after it, so there are as many as writes have been under way at once. They have names that no
 * other process uses, and end by themselves an hour after they were written.
 */

import { randomBytes } from "node:crypto";
import type { Clock } from "@knarr/std/clock.ts";
import { OutcomeUnknown } from "../store.ts";
import type { EtcdConnection } from "./connection.ts";
import { Leases } from "./leases.ts";
import { txn, type Compare, type KeyValue, type Operation } from "./rpc.ts";

const PREFIX = Buffer.from("knarr/marks/");
/** They live twice that long: one that is used again ends no sooner than half an hour later. */
const LIFE_SECONDS = 1800;
/** What a mark holds when its write has not been made. When it has, nothing. */
const VOID = Buffer.from("void");
const MADE = Buffer.alloc(0);

export interface Mark {
  readonly key: Buffer;
  /** Of the last write that is known of it. */
  revision: number;
  /** It went out with a write that has not been answered. */
  isOpen: boolean;
}

export function isMark(key: Buffer): boolean {
  return key.subarray(0, PREFIX.length).equals(PREFIX);
}

export class Marks {
  readonly #connection: EtcdConnection;
  readonly #leases: Leases;
  readonly #name = randomBytes(6).toString("base64url");
  readonly #free: Mark[] = [];
  #count = 0;

  constructor(connection: EtcdConnection, clock: Clock) {
    this.#connection = connection;
    this.#leases = new Leases(connection, clock, (seconds) => ({ seconds, entries: Infinity }));
  }

  /** The one that was given back last: those that are not needed any more end. */
  take(): Mark {
    return this.#free.pop() ?? this.#another();
  }

  /** One that is open stays away: its write may still be made. */
  giveBack(mark: Mark): void {
    if (!mark.isOpen) this.#free.push(mark);
  }

  /** What a transaction has to have for its mark: what it expects, what it writes, and what it looks at when it is refused. */
  async partsFor(
    mark: Mark,
  ): Promise<{ readonly expected: Compare; readonly made: Operation; readonly look: Operation }> {
    const { key } = mark;
    return {
      expected: expectedOf(mark),
      made: await this.#put(key, MADE),
      look: { requestRange: { key, keysOnly: true } },
    };
  }

  /**
   * At which revision the write was made that went out with an open mark; undefined: it was not, and will not be. Throws OutcomeUnknown when
   * somebody has taken the mark away.
   */
  async settle(mark: Mark): Promise<number | undefined> {
    const { key } = mark;
    const { succeeded, header, responses } = await this.#connection.once(txn, {
      compare: [expectedOf(mark)],
      success: [await this.#put(key, VOID)],
      failure: [{ requestRange: { key } }],
    });
    const found = succeeded ? undefined : responses[0]!.responseRange!.kvs[0];
    if (!succeeded && !found) throw new OutcomeUnknown(`Cannot tell what became of a write: ${key} is gone`);
    mark.isOpen = false;
    mark.revision = found?.modRevision ?? header.revision;
    // A void one was written by an earlier try to settle it, whose answer was lost, too.
    return found && !isVoid(found) ? found.modRevision : undefined;
  }

  /** The lease that marks are written with is gone. */
  forgetLease(): void {
    this.#leases.forget();
  }

  #another(): Mark {
    const key = Buffer.concat([PREFIX, Buffer.from(`${this.#name}/${this.#count++}`)]);
    return { key, revision: 0, isOpen: false };
  }

  async #put(key: Buffer, value: Buffer): Promise<Operation> {
    return { requestPut: { key, value, lease: await this.#leases.of(LIFE_SECONDS) } };
  }
}

function expectedOf({ key, revision }: Mark): Compare {
  return { key, target: "MOD", modRevision: revision };
}

function isVoid({ value }: KeyValue): boolean {
  return value.equals(VOID);
}
