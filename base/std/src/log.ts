/**
 * Structured logging: the message is a constant sentence, everything that varies is a field.
 *
 *     log.info("Created pod", { pod: "default/web-0", node: "n1" })
 *     I0528 19:15:22.737 "Created pod" controller="replicaset" pod="default/web-0" node="n1"
 *
 * Libraries throw or return; they do not log. A component logs an error once, at the place that
 * decides not to pass it on.
 */

import { realClock, type Clock } from "./clock.ts";
import { toStandardError } from "./standard-error.ts";

export type Fields = Readonly<Record<string, unknown>>;

export interface Logger {
  error(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  /** For what only a debugging reader wants; nothing is formatted unless verbosity asks for it. */
  debug(message: string, fields?: Fields): void;
  /** A logger whose every line carries `fields` too. */
  with(fields: Fields): Logger;
}

export interface LogOptions {
  readonly verbose?: boolean;
  readonly clock?: Clock;
  readonly write?: (line: string) => void;
}

/** Logs lines as above to standard error, or to `write`. */
export function createLogger(options: LogOptions = {}): Logger {
  const { verbose = false, clock = realClock, write = toStandardError } = options;
  const at = (fields: Fields): Logger => {
    const line = (level: string, message: string, more: Fields = {}) =>
      write(`${level}${stamp(clock.now())} ${JSON.stringify(message)}${render({ ...fields, ...more })}\n`);
    return {
      error: (message, more) => line("E", message, more),
      info: (message, more) => line("I", message, more),
      debug: (message, more) => (verbose ? line("D", message, more) : undefined),
      with: (more) => at({ ...fields, ...more }),
    };
  };
  return at({});
}

/** Says nothing: for tests and for library callers that do not care. */
export const silent: Logger = {
  error() {},
  info() {},
  debug() {},
  with: () => silent,
};

/** `0528 19:15:22.737`, in UTC. */
function stamp(now: number): string {
  const iso = new Date(now).toISOString();
  return `${iso.slice(5, 7)}${iso.slice(8, 10)} ${iso.slice(11, 23)}`;
}

function render(fields: Fields): string {
  return Object.entries(fields)
    .map(([name, value]) => ` ${name}=${JSON.stringify(value instanceof Error ? textOf(value) : value)}`)
    .join("");
}

/** The message with its causes, since the first alone seldom says what went wrong. */
function textOf(err: Error): string {
  return err.cause instanceof Error ? `${err.message}: ${textOf(err.cause)}` : err.message;
}
