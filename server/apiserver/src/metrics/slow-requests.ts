/** Slow requests in the log, with where their time went: what upstream's traces are for. */

import type { Logger } from "@knarr/std/log.ts";
import type { Outcome } from "../pipeline/pipeline.ts";

/** Upstream's threshold for its traces. */
export const SLOW_MS = 500;

export interface Asked {
  readonly auditId: string;
  readonly method: string;
  readonly code: number;
}

/** For requests that come to an end by themselves. What is in no stage was spent on decoding, rules and encoding, or waiting for the processor. */
export function logIfSlow(log: Logger, { stages, route, user }: Outcome, asked: Asked): void {
  const milliseconds = Math.round(stages.total);
  if (milliseconds < SLOW_MS) return;
  const { path, verb } = route;
  log.info("Request was slow", {
    ...asked,
    verb,
    path,
    user: user?.name ?? "",
    milliseconds,
    ...stages.fields,
  });
}
