/** The number behind a quantity (`500m`, `64Mi`, `1e3`), exact and rounded up. */

import { parseQuantity } from "@knarr/machinery/quantity.ts";

/** In thousandths. */
export function milliValue(quantity: string | number): bigint {
  return parseQuantity(String(quantity)).scaled(-3);
}

/** In whole units. */
export function wholeValue(quantity: string | number): bigint {
  return parseQuantity(String(quantity)).scaled(0);
}

export function ceilDivide(one: bigint, other: bigint): bigint {
  return one > 0n ? (one + other - 1n) / other : one / other;
}
