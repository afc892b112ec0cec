/**
 * Writes that wait for their answer: first those of this turn of the event loop, then those that the worker has, oldest first, in the order in which it
 * answers. How much may wait is bounded by its bytes.
 */

import { StoreUnavailable, type Change } from "../store.ts";
import type { WriteRequest } from "./messages.ts";
import { packValues } from "./packing.ts";

export interface PendingWrite {
  readonly key: string;
  /** Absent: delete. */
  readonly value: Uint8Array | undefined;
  readonly expected: number;
  readonly resolve: (change: Change) => void;
  readonly reject: (err: Error) => void;
}

const MAX_BYTES = 64 * 1024 * 1024;
/** What a write takes beside its value. */
const WRITE_BYTES = 1024;

export class PendingWrites {
  #outgoing: PendingWrite[] = [];
  #sent: PendingWrite[] = [];
  #bytes = 0;

  /** Whether the worker has none. */
  get isAnswered(): boolean {
    return this.#sent.length === 0;
  }

  /** Whether it is the first one since the last request. Rejects it when too much waits. */
  add(write: PendingWrite): boolean {
    const bytes = bytesOf(write);
    if (this.#bytes + bytes > MAX_BYTES) {
      write.reject(new StoreUnavailable("Cannot write to the store: too much waits for its disk already"));
      return false;
    }
    this.#bytes += bytes;
    return this.#outgoing.push(write) === 1;
  }

  /** All that was added since the last one, to be sent. */
  request(): WriteRequest | undefined {
    const writes = this.#outgoing;
    if (writes.length === 0) return undefined;
    this.#outgoing = [];
    for (const write of writes) this.#sent.push(write);
    return {
      type: "write",
      keys: writes.map(({ key }) => key),
      expected: Float64Array.from(writes, ({ expected }) => expected),
      values: packValues(writes.map(({ value }) => value)),
    };
  }

  /** The oldest that the worker has, which it has answered. */
  answered(count: number): PendingWrite[] {
    const writes = this.#sent.splice(0, count);
    for (const write of writes) this.#bytes -= bytesOf(write);
    return writes;
  }

  /** Tells everybody. What the worker has keeps its place, for it may be answered yet. */
  giveUp(failure: Error): void {
    for (const { reject } of this.#sent) reject(failure);
    for (const write of this.#outgoing.splice(0)) {
      this.#bytes -= bytesOf(write);
      write.reject(failure);
    }
  }
}

function bytesOf({ value }: PendingWrite): number {
  return WRITE_BYTES + (value?.length ?? 0);
}
