/** Pod templates of Deployments: when two are the same, and the short name of one. */

import type { PodTemplateSpec } from "@knarr/kinds/generated/core-v1.ts";

/** Label that tells the pods of one ReplicaSet of a Deployment from those of another. */
export const HASH_LABEL = "pod-template-hash";

/** Maps for which upstream makes no difference between empty and absent. An empty struct (`emptyDir: {}`) does say something. */
const MAPS = new Set(["labels", "annotations", "nodeSelector", "matchLabels", "limits", "requests"]);

const texts = new WeakMap<object, string>();

/** Whether the templates ask for the same pods, whatever hash they are labelled with. */
export function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return textOf(a ?? {}) === textOf(b ?? {});
}

/**
 * A name for the template, stable over time and restarts. `collisions` is how often that name was found taken by another template.
 *
 * Upstream hashes the template as Go prints it, which nothing else can repeat; ReplicaSets are therefore always recognised
 * by their template and never by this name, which only has to differ between templates.
 */
export function templateHash(template: PodTemplateSpec, collisions: number | undefined): string {
  let hash = fnv1a(Buffer.from(textOf(template)));
  if (collisions !== undefined) {
    const bytes = Buffer.alloc(8);
    bytes.writeUint32LE(collisions);
    hash = fnv1a(bytes, hash);
  }
  return safeEncode(String(hash));
}

/** The template as JSON in which equal templates are equal texts; made once per object. */
function textOf(template: PodTemplateSpec): string {
  let text = texts.get(template);
  if (text === undefined) texts.set(template, (text = JSON.stringify(canonical(template, "")) ?? "{}"));
  return text;
}

function canonical(value: unknown, field: string): unknown {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.length ? value.map((item) => canonical(item, "")) : undefined;
  if (typeof value !== "object") return value;
  const sorted: Record<string, unknown> = {};
  for (const name of Object.keys(value).toSorted()) {
    if (field === "labels" && name === HASH_LABEL) continue;
    const item = canonical((value as Record<string, unknown>)[name], name);
    if (item !== undefined) sorted[name] = item;
  }
  return MAPS.has(field) && Object.keys(sorted).length === 0 ? undefined : sorted;
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
