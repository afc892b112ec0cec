/** A watch as an async iterator, for code in this process. */

import type { WatchEvent } from "@knarr/client/transport.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import type { ApiError } from "@knarr/machinery/status.ts";
import type { Watch, WatchBatch, WatchSink } from "./cache.ts";

/** Ends when `signal` aborts or the watch is over; throws the error it is over with. */
export async function* eventsOf<T extends ApiObject>(
  start: (sink: WatchSink<T>) => Promise<Watch>,
  signal: AbortSignal,
): AsyncGenerator<readonly WatchEvent<T>[], void, undefined> {
  if (signal.aborted) return;
  const inbox = new Inbox<T>();
  const watch = await start(inbox);
  const wake = () => inbox.wake();
  signal.addEventListener("abort", wake, { once: true });
  try {
    while (!signal.aborted) {
      const batch = inbox.take();
      if (batch) {
        yield batch.events;
        watch.resume();
      } else if (inbox.isOver) {
        if (inbox.error) throw inbox.error;
        return;
      } else await inbox.filled();
    }
  } finally {
    signal.removeEventListener("abort", wake);
    watch.stop();
  }
}

/** Takes one batch at a time; the rest waits in the watch, which bounds it. */
class Inbox<T extends ApiObject> implements WatchSink<T> {
  #batch: WatchBatch<T> | undefined;
  #wake: (() => void) | undefined;
  isOver = false;
  error: ApiError | undefined;

  deliver(batch: WatchBatch<T>): boolean {
    this.#batch = batch;
    this.#wake?.();
    return false;
  }

  end(error?: ApiError): void {
    this.isOver = true;
    this.error = error;
    this.#wake?.();
  }

  take(): WatchBatch<T> | undefined {
    const batch = this.#batch;
    this.#batch = undefined;
    return batch;
  }

  filled(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  wake(): void {
    this.#wake?.();
  }
}
