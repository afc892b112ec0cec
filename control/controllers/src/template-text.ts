/** Pod templates as text, to tell whether two ask for the same pods; and a short name for such a text. */

import type { PodTemplateSpec } from "@knarr/kinds/generated/core-v1.ts";

/** Maps for which upstream makes no difference between empty and absent. An empty struct (`emptyDir: {}`) does say something. */
const MAPS = new Set(["labels", "annotations", "nodeSelector", "matchLabels", "limits", "requests"]);

/** Makes JSON of templates in which equal templates are equal texts, once per object; `ownLabel` does not count. */
export function templateTexts(ownLabel?: string): (template: PodTemplateSpec) => string {
  const texts = new WeakMap<object, string>();
  return (template) => {
    let text = texts.get(template);
    if (text === undefined)
      texts.set(template, (text = JSON.stringify(canonical(template, ownLabel)) ?? "{}"));
    return text;
  };
}

function canonical(value: unknown, ownLabel: string | undefined, field = ""): unknown {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.length ? value.map((item) => canonical(item, ownLabel)) : undefined;
  if (typeof value !== "object") return value;
  const sorted: Record<string, unknown> = {};
  for (const name of Object.keys(value).toSorted()) {
    if (field === "labels" && name === ownLabel) continue;
    const item = canonical((value as Record<string, unknown>)[name], ownLabel, name);
    if (item !== undefined) sorted[name] = item;
  }
  return MAPS.has(field) && Object.keys(sorted).length === 0 ? undefined : sorted;
}

/**
 * A name for the text, stable over time and restarts. `collisions` is how often that name was found taken by another text.
 *
 * Upstream hashes the template as Go prints it, which nothing else can repeat; what is named so is therefore always recognised
 * by its template and never by this name, which only has to differ between templates.
 */
export function shortName(text: string, collisions: number | undefined): string {
  let hash = fnv1a(Buffer.from(text));
  if (collisions !== undefined) {
    const bytes = Buffer.alloc(8);
    bytes.writeUint32LE(collisions);
    hash = fnv1a(bytes, hash);
  }
  return safeEncode(String(hash));
}

function fnv1a(bytes: Buffer, hash = 0x811c9dc5): number {
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** Letters and digits that make no words, one for each character. */
function safeEncode(text: string): string {
  const alphabet = "bcdfghjklmnpqrstvwxz2456789";
  return [...text].map((character) => alphabet[character.charCodeAt(0) % alphabet.length]).join("");
}
