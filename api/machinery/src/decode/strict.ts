/**
 * What upstream's strict decoder finds: keys given twice and fields the schema does not have, in the order of the
 * text, each once, a hundred at most: `unknown field "spec.foo"`, `duplicate field "metadata.name"`.
 */

import type { Schema } from "@knarr/schema/schema.ts";
import { quote } from "../quote.ts";
import { NumberText, Pairs } from "./json.ts";
import { type Plan, planOf } from "./plan.ts";

const MOST = 100;

/** `value` is a plain object, or `Pairs` all the way down (from `parsePairs`) when duplicates are to be found. */
export function strictFindings(value: unknown, schema: Schema): string[] {
  const found = new Set<string>();
  walk(value, planOf(schema), "", found);
  return [...found].slice(0, MOST);
}

function walk(value: unknown, plan: Plan, path: string, found: Set<string>): void {
  if (Array.isArray(value)) {
    if (plan.kind === "list" || plan.kind === "schema-or")
      value.forEach((item, i) => walk(item, plan.inner, `${path}[${i}]`, found));
    return;
  }
  if (typeof value !== "object" || value === null || value instanceof NumberText) return;
  if (plan.kind !== "struct" && plan.kind !== "map") return; // open JSON, and what decodes itself, is not checked
  const seen = new Set<string>();
  for (const [key, inner] of value instanceof Pairs ? value.entries : Object.entries(value)) {
    const here = path ? `${path}.${key}` : key;
    const field = plan.kind === "map" ? plan.inner : plan.byName.get(key)?.plan;
    if (!field) {
      found.add(`unknown field ${quote(here)}`);
      continue;
    }
    if (seen.has(key)) found.add(`duplicate field ${quote(here)}`);
    seen.add(key);
    walk(inner, field, here, found);
  }
}
