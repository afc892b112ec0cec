/** The last bytes of an HTTP/2 stream, written so that the stream is garbage at once. */

import type { Http2Stream } from "node:http2";

/**
 * As `stream.end(body)`, for all that a stream says. It goes past the bookkeeping of Writable: HTTP/2 closes a stream with its last frame, before the socket has taken
 * it, and for a write that is under way then Node makes an error with a stack trace that nobody sees. It was a quarter of the time of a small answer.
 *
 * The stream is neither finished nor destroyed before the socket has taken it: one that is destroyed earlier is left to the garbage collector, which
 * looks at each while all requests wait.
 */
export function endWith(stream: Http2Stream, body: Uint8Array): void {
  if (stream.writableEnded) return; // a code that has no body
  let isWritten = false;
  let finish = ignore;
  stream._write(body, "buffer" as BufferEncoding, () => {
    isWritten = true;
    finish();
  });
  const { _final: final } = stream;
  // Not written where it is assigned: young-writables.ts.
  const finalOnceWritten: typeof final = (callback) =>
    final.call(stream, (err) => {
      if (isWritten) callback(err);
      else finish = () => callback(err);
    });
  stream._final = finalOnceWritten;
  stream.end();
  if (stream.readableEnded || !stream.endAfterHeaders) keepUntil(stream, () => isWritten);
}

/** Node destroys a stream with its last frame when the end of what it reads has been read; otherwise, and here, when it has finished. */
function keepUntil(stream: Http2Stream, isWritten: () => boolean): void {
  const { destroy } = stream;
  const isAtItsEnd = (): boolean =>
    stream.rstCode === 0 && !stream.session?.destroyed && stream.state.localClose === 1;
  const destroyOnceWritten = (err?: Error): Http2Stream =>
    !err && !isWritten() && isAtItsEnd() ? stream : destroy.call(stream, err);
  stream.destroy = destroyOnceWritten as typeof destroy;
}

const ignore = (): void => {};
