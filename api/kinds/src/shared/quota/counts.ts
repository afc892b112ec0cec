/** Kinds of which quotas limit nothing but the number. */

import { countName, type Evaluator } from "./evaluator.ts";
import { ONE } from "./usage.ts";

/** Kinds that were counted before `count/…` was, by their bare names. */
const aliased: ReadonlySet<string> = new Set([
  "configmaps",
  "replicationcontrollers",
  "resourcequotas",
  "secrets",
]);

/** The kind that a limit of this name counts; undefined for other limits. */
export function countedKind(name: string): string | undefined {
  if (aliased.has(name)) return name;
  return name.startsWith(COUNT) ? name.slice(COUNT.length) : undefined;
}
const COUNT = countName("");

export function counting(kind: string): Evaluator {
  const names = [countName(kind), ...(aliased.has(kind) ? [kind] : [])];
  const usage = Object.fromEntries(names.map((name) => [name, ONE]));
  return { kind, mayTrack: (name) => names.includes(name), usage: () => usage };
}
