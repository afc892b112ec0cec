/**
 * Answers in pieces: the next is made when the client has taken those before it, and others have had their turn. So a long list does not lie in
 * memory as a whole and keeps nobody waiting, and a client that does not read costs what is on its way to it, for a minute.
 */

import type { StreamTarget } from "../pipeline/answer.ts";

/** Upstream's --request-timeout. */
const PATIENCE_MS = 60_000;

/** Gives how many bytes were sent. */
export async function sendPieces(
  target: StreamTarget,
  pieces: Iterable<Buffer> | AsyncIterable<Buffer>,
): Promise<number> {
  let sent = 0;
  let isClosed = false;
  let wake = (): void => {};
  target.onDrain(() => wake());
  const closed = target.closed.then(() => {
    isClosed = true;
    wake();
  });
  const cutLater = () => setTimeout(() => target.abort(), PATIENCE_MS);
  let patience = cutLater();
  try {
    for await (const piece of pieces) {
      if (isClosed) return sent;
      sent += piece.length;
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      if (target.write(piece)) setImmediate(resolve);
      await promise;
      clearTimeout(patience);
      patience = cutLater();
    }
    target.end();
    await closed;
    return sent;
  } catch (err) {
    target.abort();
    throw err;
  } finally {
    clearTimeout(patience);
  }
}
