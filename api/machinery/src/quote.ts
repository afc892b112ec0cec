/** Text and JSON as Go writes them, so that messages with a user's value in them read as upstream's do. */

import { quote } from "@knarr/std/quote.ts";

export { quote };

/** Texts as Go prints a slice of them with `%q`: `["a" "b"]`. */
export function quoteAll(texts: readonly string[]): string {
  return `[${texts.map(quote).join(" ")}]`;
}

/** JSON as Go writes it: with `<`, `>` and `&` escaped. */
export function goJson(value: unknown): string {
  const text = JSON.stringify(value);
  return text === undefined ? "null" : text.replace(/[<>&\u2028\u2029]/g, escapeInJson);
}

/** The same for what is a map in Go, all the way down: by key. */
export function goMapJson(value: unknown): string {
  return goJson(sortedKeys(value));
}

function escapeInJson(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** `value` with the members of objects in the order in which Go writes those of maps. */
export function sortedKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sortedKeys);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, member]) => [key, sortedKeys(member)]));
}
