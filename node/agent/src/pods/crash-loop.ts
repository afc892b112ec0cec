/**
 * How long a container that ended waits before it is started again: not at all after the first end, then 10 s, doubling to
 * 300 s; anew after an instance that ran for ten minutes.
 *
 * The count is written on each instance (see `CRASHES`), so that it survives the agent. Worked example, ends at once each time:
 *
 *     instance   crashes on it   waits before the next   crashes on the next
 *     first      0               0                       1
 *     second     1               10 s                    2
 *     third      2               20 s                    3
 */

import type { ContainerInstance } from "../runtime/pod-runtime.ts";

const FIRST_DELAY_MS = 10_000;
const MAX_DELAY_MS = 300_000;
const GOOD_RUN_MS = 600_000;

export interface CrashLoop {
  /** What the wait is called in messages: `10s`, `1m20s`, `5m0s`. */
  readonly delayMs: number;
  readonly notBefore: number;
  /** To be written on the next instance. */
  readonly crashes: number;
}

/** What the end of `last` means for the instance after it. */
export function crashLoop(last: ContainerInstance): CrashLoop {
  const ranWell = last.finishedAt - last.createdAt >= GOOD_RUN_MS;
  const crashes = ranWell ? 0 : last.crashes;
  const delayMs = crashes === 0 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** (crashes - 1), MAX_DELAY_MS);
  return { delayMs, notBefore: last.finishedAt + delayMs, crashes: crashes + 1 };
}

/** A duration as Go prints it: `10s`, `1m20s`, `1h0m0s`. */
export function goDuration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${Math.round(seconds * 1000) / 1000}s`;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = `${minutes}m${Math.round((seconds % 60) * 1000) / 1000}s`;
  return hours > 0 ? `${hours}h${rest}` : rest;
}
