/**
 * Lines out of chunks of bytes, whatever way the network cut them.
 *
 * Only whole lines come out, without their newline and without empty ones; the rest waits for the next chunk. A line that
 * spans many chunks is joined once, when it ends.
 */
export class LineSplitter {
  #rest: Buffer[] = [];

  /** The lines that `chunk` completes. */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, from)) {
      const line = this.#rest.length
        ? Buffer.concat([...this.#rest.splice(0), chunk.subarray(from, end)]).toString()
        : chunk.toString("utf8", from, end);
      if (line !== "") lines.push(line);
      from = end + 1;
    }
    if (from < chunk.length) this.#rest.push(chunk.subarray(from));
    return lines;
  }

  /** What came after the last newline; empty when nothing did. */
  end(): string {
    return Buffer.concat(this.#rest.splice(0)).toString();
  }
}
