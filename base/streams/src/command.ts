/**
 * A remote command as the server sees it, whatever carries it: its streams, its terminal's sizes, and the words in which its end is told.
 */

import type { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";

export interface StreamsWanted {
  readonly stdin: boolean;
  readonly stdout: boolean;
  /** Never together with a terminal. */
  readonly stderr: boolean;
  readonly tty: boolean;
}

export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

export type CommandOutcome =
  | { readonly type: "exited"; readonly exitCode: number }
  | { readonly type: "failed"; readonly message: string };

export interface RemoteCommand {
  readonly stdin?: Readable;
  readonly stdout?: Writable;
  readonly stderr?: Writable;
  readonly resizes?: AsyncIterable<TerminalSize>;
  readonly tty: boolean;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
  /** Ends the output, says how it went, and closes the connection after everything is written. */
  finish(outcome: CommandOutcome): Promise<void>;
}

export const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;

/** Everything written is out. A stream that broke has nobody who could mind. */
export async function endOf(stream: Writable | undefined): Promise<void> {
  if (!stream || stream.destroyed) return;
  stream.end();
  await finished(stream, { readable: false }).catch(() => {});
}

/** How it ended, for the error channel. */
export function outcomeText(outcome: CommandOutcome, hasStatus: boolean): string {
  if (outcome.type === "failed") {
    const { message } = outcome;
    return hasStatus
      ? JSON.stringify(
          failure({
            reason: "InternalError",
            message: `Internal error occurred: ${message}`,
            details: { causes: [{ message }] },
            code: 500,
          }),
        )
      : message;
  }
  const { exitCode } = outcome;
  if (exitCode === 0) return hasStatus ? JSON.stringify({ metadata: {}, status: "Success" }) : "";
  const message = `command terminated with non-zero exit code: exit status ${exitCode}`;
  if (!hasStatus) return message;
  const causes = [{ reason: "ExitCode", message: String(exitCode) }];
  return JSON.stringify(failure({ message, reason: "NonZeroExitCode", details: { causes } }));
}

function failure(what: object): object {
  return { metadata: {}, status: "Failure", ...what };
}

/** One JSON object after the other: `{"Width":80,"Height":24}`, in pieces as they come. */
export async function* sizesOf(stream: Readable): AsyncGenerator<TerminalSize> {
  let text = "";
  try {
    for await (const chunk of stream) {
      text += String(chunk);
      for (let close = text.indexOf("}"); close >= 0; close = text.indexOf("}")) {
        const size = parseSize(text.slice(0, close + 1));
        text = text.slice(close + 1);
        if (size) yield size;
      }
      if (text.length > 1024) return; // no terminal says so much
    }
  } catch {
    // The client is gone: there are no more sizes.
  }
}

function parseSize(text: string): TerminalSize | undefined {
  try {
    const { Width = 0, Height = 0 } = JSON.parse(text) as { Width?: number; Height?: number };
    return { width: Width, height: Height };
  } catch {
    return undefined;
  }
}
