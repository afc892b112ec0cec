/** From two looks at a counter to what is used: cores over the time between, memory as of the last. */

import type { Usage } from "@knarr/kinds/shared/usage.ts";
import { canonicalQuantity, Quantity } from "@knarr/machinery/quantity.ts";
import type { Point } from "./sample.ts";

export interface Used {
  readonly usage: Usage;
  /** When the window ended, milliseconds since the epoch. */
  readonly time: number;
  readonly windowMs: number;
}

/** A container younger than this has not shown yet what it is like. */
const YOUNGEST_MS = 1000;

/** Undefined when nothing can be said yet. What began after `before` is measured from its beginning. */
export function usedBetween(before: Point | undefined, last: Point): Used | undefined {
  const { startedAt } = last;
  const isSame = before && before.startedAt === startedAt && before.cpuSeconds <= last.cpuSeconds;
  if (isSame) return used(before.cpuSeconds, before.time, last);
  const isNew = startedAt !== undefined && (!before || startedAt > before.time);
  return isNew && last.time - startedAt >= YOUNGEST_MS ? used(0, startedAt, last) : undefined;
}

function used(cpuSeconds: number, since: number, last: Point): Used | undefined {
  const windowMs = last.time - since;
  if (windowMs <= 0) return undefined;
  const cores = ((last.cpuSeconds - cpuSeconds) * 1000) / windowMs;
  return { usage: { cpu: cpuText(cores), memory: memoryText(last.memoryBytes) }, time: last.time, windowMs };
}

function cpuText(cores: number): string {
  return new Quantity(BigInt(Math.round(cores * 1e9)), -9, "DecimalSI").toString();
}

function memoryText(bytes: number): string {
  return bytes % 1024 === 0 ? canonicalQuantity(`${bytes / 1024}Ki`) : String(bytes);
}
