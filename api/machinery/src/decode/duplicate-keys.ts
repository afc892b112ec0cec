/** Keys that stand twice in one object of a JSON text: `duplicate field "spec.replicas"`. */

import { Pairs } from "./json.ts";
import { quote } from "../quote.ts";

/** `value` is from `parsePairs`. In the order of the text, each once. */
export function duplicateKeys(value: unknown): string[] {
  const found = new Set<string>();
  walk(value, "", found);
  return [...found];
}

function walk(value: unknown, path: string, found: Set<string>): void {
  if (Array.isArray(value)) {
    value.forEach((item, i) => walk(item, `${path}[${i}]`, found));
    return;
  }
  if (!(value instanceof Pairs)) return;
  const seen = new Set<string>();
  for (const [key, inner] of value.entries) {
    const here = path ? `${path}.${key}` : key;
    if (seen.has(key)) found.add(`duplicate field ${quote(here)}`);
    seen.add(key);
    walk(inner, here, found);
  }
}
