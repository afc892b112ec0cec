/**
 * WATCH over HTTP: one JSON document a line, from the cache's ready-made frames. A watch ends after the time asked for, or after 30 to 60
 * minutes, with a bookmark when bookmarks are wanted, so that the client can go on from there.
 */

import type { ApiError } from "@knarr/machinery/status.ts";
import type { Watch, WatchBatch, WatchSink } from "../cache/cache.ts";
import { notAcceptableHere } from "../negotiation/accept.ts";
import type { StreamTarget } from "../pipeline/answer.ts";
import { viewOf } from "../tables/views.ts";
import { encodingOf, type Handler } from "./handler.ts";
import { listOptionsOf } from "./options.ts";
import { selectedBy } from "./selection.ts";

/** Upstream's --min-request-timeout: a watch without a timeout of its own lasts once to twice as long. */
const MIN_SECONDS = 1800;
/** JavaScript's timers end here. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const watch: Handler = (parts, request, served) => {
  const { output } = encodingOf(parts, request);
  if (output.format !== "json") throw notAcceptableHere();
  const options = listOptionsOf(request.query.has("watch") ? request.query : withWatch(request.query));
  const selected = selectedBy(request, served, options);
  const view = viewOf(served, output, request.query, parts.clock);
  const query = {
    ...selected,
    ...(options.resourceVersion && { resourceVersion: options.resourceVersion }),
    ...(options.resourceVersionMatch && { resourceVersionMatch: options.resourceVersionMatch }),
    ...(options.sendInitialEvents !== undefined && { sendInitialEvents: options.sendInitialEvents }),
    allowWatchBookmarks: options.allowWatchBookmarks,
  };
  const seconds = options.timeoutSeconds || MIN_SECONDS * (1 + Math.random());
  return {
    async stream(target) {
      const sink = new StreamSink(target, view, parts.watchMetrics.of(request.route));
      const started = await served.watch(query, sink);
      sink.start(started);
      const timer = setTimeout(() => sink.finish(), Math.min(Math.max(seconds, 0) * 1000, MAX_TIMER_MS));
      const onStop = (): void => sink.finish();
      parts.stopping.addEventListener("abort", onStop, { once: true });
      try {
        await target.closed;
      } finally {
        clearTimeout(timer);
        parts.stopping.removeEventListener("abort", onStop);
        started.stop();
      }
    },
  };
};

/** The old path `/watch/…` means it without saying it in the query. */
function withWatch(query: URLSearchParams): URLSearchParams {
  const copy = new URLSearchParams(query);
  copy.set("watch", "true");
  return copy;
}

/** A watch's way out: batches that come before the answer has begun wait for it. */
class StreamSink implements WatchSink<any> {
  readonly prefersBatches = true;
  readonly #target: StreamTarget;
  readonly #view: ReturnType<typeof viewOf>;
  readonly #count: (events: number, bytes: number) => void;
  #watch: Watch | undefined;
  #early: Buffer[] = [];
  #error: ApiError | undefined;
  #isOver = false;

  constructor(
    target: StreamTarget,
    view: ReturnType<typeof viewOf>,
    count: (events: number, bytes: number) => void,
  ) {
    this.#target = target;
    this.#view = view;
    this.#count = count;
  }

  start(watch: Watch): void {
    this.#watch = watch;
    this.#target.onDrain(() => watch.resume());
    this.#target.start(200, "application/json");
    const early = this.#early.splice(0);
    let isReady = true;
    for (const frames of early) isReady = this.#target.write(frames);
    if (this.#isOver) this.#close();
    else if (isReady && early.length > 0) watch.resume();
  }

  deliver(batch: WatchBatch): boolean {
    const frames = this.#view ? batch.frames(this.#view) : batch.frames();
    this.#count(batch.events.length, frames.length);
    if (this.#watch) return this.#target.write(frames);
    this.#early.push(frames);
    return false;
  }

  end(error?: ApiError): void {
    this.#isOver = true;
    this.#error = error;
    if (this.#watch) this.#close();
  }

  /** Ends it from here: time is up. */
  finish(): void {
    if (this.#isOver) return;
    this.#watch?.bookmark();
    this.#watch?.stop();
    this.#isOver = true;
    this.#close();
  }

  #close(): void {
    if (this.#error)
      this.#target.write(Buffer.from(`${JSON.stringify({ type: "ERROR", object: this.#error.toJSON() })}\n`));
    this.#target.end();
  }
}
