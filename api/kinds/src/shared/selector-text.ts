/** A LabelSelector as the text that `status.selector` of a Scale carries: `app=web,tier in (a,b)`, sorted by key. */

import type { LabelSelector } from "../../generated/meta.ts";

const words: Record<string, string> = { In: "in", NotIn: "notin" };

export function selectorText(selector: LabelSelector | undefined): string {
  if (!selector) return "";
  const equals = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
    key,
    text: `${key}=${value}`,
  }));
  const others = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    if (operator === "Exists") return { key, text: key };
    if (operator === "DoesNotExist") return { key, text: `!${key}` };
    return { key, text: `${key} ${words[operator] ?? operator} (${[...values].sort().join(",")})` };
  });
  return [...equals, ...others]
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ text }) => text)
    .join(",");
}
