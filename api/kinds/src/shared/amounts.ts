/**
 * Arithmetic on quantities as manifests have them: text. Parsed once and remembered, since the same few amounts stand in
 * thousands of pods. Decoding has refused what does not parse.
 */

import { parseQuantity, Quantity } from "@knarr/machinery/quantity.ts";
import { remembering } from "@knarr/std/remember.ts";

export const amount = remembering(4096, (text: string) => parseQuantity(String(text)));

export function canonical(text: string): string {
  return amount(text).toString();
}

export function compare(a: string, b: string): number {
  return a === b ? 0 : amount(a).compare(amount(b));
}

export function add(a: string, b: string): string {
  return amount(a).plus(amount(b)).toString();
}

export function isNegative(text: string): boolean {
  return amount(text).sign < 0;
}

export function isPositive(text: string): boolean {
  return amount(text).sign > 0;
}

/** To the thousandth, as upstream looks at it. */
export function isWhole(text: string): boolean {
  return amount(text).scaled(-3) % 1000n === 0n;
}

export function isMultiple(text: string, unit: string): boolean {
  return amount(text).scaled(0) % amount(unit).scaled(0) === 0n;
}

export function parses(text: string): boolean {
  try {
    parseQuantity(text);
    return true;
  } catch {
    return false; // a SyntaxError is the answer here
  }
}

/** Canonical, and rounded up to thousandths, finer than which nothing can be asked for. Changes `list`. */
export function normalizeAmounts(list: Record<string, string> | undefined): void {
  for (const name in list) {
    const text = list[name]!;
    const quantity = amount(text);
    const rounded = quantity.scale < -3 ? new Quantity(quantity.scaled(-3), -3, quantity.format) : quantity;
    const canonicalText = rounded.toString();
    if (canonicalText !== text) list[name] = canonicalText;
  }
}
