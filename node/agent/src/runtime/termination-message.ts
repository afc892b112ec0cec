/**
 * What a container wanted to say at its end: the file at its terminationMessagePath or, when that is empty, the container failed
 * and its policy says so, the end of its log.
 */

import { open, readFile } from "node:fs/promises";
import { parseLogLine } from "./log-line.ts";

const MAX_MESSAGE_BYTES = 4096;
const MAX_LOG_BYTES = 2048;
const MAX_LOG_LINES = 80;

export interface TerminationSource {
  /** On the node; undefined when nothing was mounted. */
  readonly messageFile: string | undefined;
  readonly policy: string;
  readonly logPath: string;
  readonly exitCode: number;
}

export async function terminationMessage(source: TerminationSource): Promise<string> {
  const message = source.messageFile === undefined ? "" : await readFileSafe(source.messageFile);
  if (message !== "" || source.exitCode === 0 || source.policy !== "FallbackToLogsOnError") return message;
  return await endOfLog(source.logPath);
}

/** The file is the container's to write: it may be huge, gone, or a link to somewhere else. */
async function readFileSafe(path: string): Promise<string> {
  try {
    await using file = await open(path, 0o400000 /* O_NOFOLLOW */);
    const bytes = Buffer.alloc(MAX_MESSAGE_BYTES);
    const { bytesRead } = await file.read(bytes, 0, MAX_MESSAGE_BYTES, 0);
    return bytes.toString("utf8", 0, bytesRead);
  } catch (err) {
    const { code } = err as NodeJS.ErrnoException;
    if (code === "ENOENT") return "";
    return `Error on reading termination message: ${(err as Error).message}`;
  }
}

async function endOfLog(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch {
    return ""; // never wrote one, or it is rotated away
  }
  const lines = text.trimEnd().split("\n").slice(-MAX_LOG_LINES);
  const contents = lines.map((line) => parseLogLine(line)).filter((line) => line !== undefined);
  const message = Buffer.from(
    contents.map(({ text: said, partial }) => (partial ? said : `${said}\n`)).join(""),
  );
  return message.subarray(Math.max(0, message.length - MAX_LOG_BYTES)).toString("utf8");
}
