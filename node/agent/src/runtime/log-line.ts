/** One line of a container's log as the runtime writes it: `<RFC 3339 time> <stdout|stderr> <F|P> <text>`. */

export interface LogLine {
  readonly time: string;
  readonly stream: "stdout" | "stderr";
  /** The text goes on in the next line of the same stream. */
  readonly partial: boolean;
  readonly text: string;
}

export function parseLogLine(line: string): LogLine | undefined {
  const first = line.indexOf(" ");
  const second = line.indexOf(" ", first + 1);
  const third = line.indexOf(" ", second + 1);
  if (first < 0 || second < 0 || third < 0) return undefined;
  const stream = line.slice(first + 1, second);
  if (stream !== "stdout" && stream !== "stderr") return undefined;
  const partial = line.slice(second + 1, third).split(":")[0] === "P";
  return { time: line.slice(0, first), stream, partial, text: line.slice(third + 1) };
}
