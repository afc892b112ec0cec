/** The end of streams whose client does not read: what is on its way to it is not kept for ever. */

/** How long it may take to read the last of an answer. */
const LAST_MS = 60_000;

export function cutUnlessClosed(closed: Promise<void>, cut: () => void): void {
  const timer = setTimeout(cut, LAST_MS);
  timer.unref();
  void closed.then(() => clearTimeout(timer)); // which never rejects
}
