/** One line of a log file, as bytes: a log is not always text, and most of it is only passed on. */

export interface LogRecord {
  /** RFC 3339, as the runtime wrote it. */
  readonly time: string;
  readonly stream: "stdout" | "stderr";
  /** What was said goes on in the next record of the same stream. */
  readonly isPartial: boolean;
  /** Without the newline that ends the record. */
  readonly content: Buffer;
}

const SPACE = 0x20;

/** `<time> <stdout|stderr> <F|P>[:more tags] <content>`, without its newline; undefined for anything else. */
export function parseLogRecord(line: Buffer): LogRecord | undefined {
  const first = line.indexOf(SPACE);
  const second = line.indexOf(SPACE, first + 1);
  const third = line.indexOf(SPACE, second + 1);
  if (first < 0 || second < 0 || third < 0) return undefined;
  const stream = line.toString("latin1", first + 1, second);
  if (stream !== "stdout" && stream !== "stderr") return undefined;
  return {
    time: line.toString("latin1", 0, first),
    stream,
    isPartial: line[second + 1] === 0x50 && (second + 2 === third || line[second + 2] === 0x3a),
    content: line.subarray(third + 1),
  };
}

/** `2026-01-02T03:04:05.6Z` → `2026-01-02T03:04:05.600000000Z`, the width that `--timestamps` shows. */
export function fixedWidth(time: string): string {
  const [, seconds, fraction = "", zone] = /^([^.Z+]*?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(time) ?? [];
  return seconds === undefined ? time : `${seconds}.${fraction.padEnd(9, "0")}${zone}`;
}
