/** What is worth a warning about the finalizers of custom resources: names that say nothing of whose they are. Built-in kinds refuse them. */

import { qualifiedName } from "@knarr/machinery/names.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { quote } from "@knarr/machinery/quote.ts";

const STANDARD = new Set(["orphan", "foregroundDeletion", "kubernetes"]);

export function finalizerWarnings({ metadata }: ApiObject, previous?: ApiObject): string[] {
  const known = new Set(previous?.metadata.finalizers);
  const added = [...new Set(metadata.finalizers ?? [])].filter((name) => !known.has(name)).sort();
  return added.flatMap((name) => problems(name).map((why) => `metadata.finalizers: ${quote(name)}: ${why}`));
}

function problems(name: string): string[] {
  const found = [...qualifiedName(name)];
  if (name.includes("/") || STANDARD.has(name)) return found;
  const path = name.includes(".") ? " including a path (/)" : "";
  return [
    ...found,
    `prefer a domain-qualified finalizer name${path} to avoid accidental conflicts with other finalizer writers`,
  ];
}
