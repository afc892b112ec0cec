/**
 * Annotations by which a Deployment and its ReplicaSets keep the history that `kubectl rollout` shows.
 *
 *     deployment.kubernetes.io/revision           3      on both: which template this is, counting up
 *     deployment.kubernetes.io/revision-history   1,2    on a ReplicaSet that was rolled back to: what it was before
 *     deployment.kubernetes.io/desired-replicas   10     spec.replicas of the Deployment when the ReplicaSet was last scaled
 *     deployment.kubernetes.io/max-replicas       13     the same plus surge: the whole of which it had a share
 */

import type { Deployment, ReplicaSet } from "@knarr/kinds/generated/apps-v1.ts";

export const REVISION = "deployment.kubernetes.io/revision";
const HISTORY = "deployment.kubernetes.io/revision-history";
export const DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas";
export const MAX_REPLICAS = "deployment.kubernetes.io/max-replicas";

/** About 100 revisions. */
const MAX_HISTORY_LENGTH = 2000;
const MAX_INT32 = 2 ** 31 - 1;
const MAX_INT64 = 2n ** 63n - 1n;

/** Annotations that belong to one object and are not copied to the other. */
const own = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  REVISION,
  HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  "deprecated.deployment.rollback.to",
]);

export type Annotations = Readonly<Record<string, string>>;

/** 0 when it has none; undefined when it is not a number of 64 bits. */
export function revisionOf({ metadata }: ReplicaSet | Deployment): bigint | undefined {
  const text = metadata.annotations?.[REVISION];
  return text === undefined ? 0n : parsed(text);
}

/** Revisions go beyond what a JavaScript number holds exactly. */
function parsed(text: string): bigint | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/, ""));
  return value <= MAX_INT64 && value >= -MAX_INT64 - 1n ? value : undefined;
}

export function highestRevision(sets: readonly ReplicaSet[]): bigint {
  return sets.reduce((highest, set) => {
    const revision = revisionOf(set) ?? 0n;
    return revision > highest ? revision : highest;
  }, 0n);
}

/** A count in an annotation of a ReplicaSet, if it is one. */
export function countIn({ metadata }: ReplicaSet, annotation: string): number | undefined {
  const text = metadata.annotations?.[annotation];
  if (text === undefined || !/^\d+$/.test(text) || Number(text) > MAX_INT32) return undefined;
  return Number(text);
}

export function replicaAnnotations(desired: number, max: number): Annotations {
  return { [DESIRED_REPLICAS]: String(desired), [MAX_REPLICAS]: String(max) };
}

/**
 * The annotations that the ReplicaSet of the current template should have: those of the Deployment, and `revision` unless it has
 * a higher one already.
 */
export function currentAnnotations(
  deployment: Deployment,
  before: Annotations | undefined,
  revision: bigint,
): Annotations {
  const annotations: Record<string, string> = { ...before };
  for (const [name, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (!own.has(name)) annotations[name] = value;
  }
  const text = before?.[REVISION];
  const previous = text ? parsed(text) : 0n;
  if (previous !== undefined && previous < revision) {
    annotations[REVISION] = String(revision);
    if (text !== undefined) {
      const history = withRevision(before?.[HISTORY], text);
      if (history !== undefined) annotations[HISTORY] = history;
    }
  }
  return annotations;
}

/** `history` with `revision` at its end, the oldest dropped when it gets too long. */
function withRevision(history: string | undefined, revision: string): string | undefined {
  if (!history) return revision;
  const revisions = [...history.split(","), revision];
  while (revisions.length > 1 && revisions.join(",").length > MAX_HISTORY_LENGTH) revisions.shift();
  const text = revisions.join(",");
  return text.length <= MAX_HISTORY_LENGTH ? text : undefined;
}

export function sameAnnotations(a: Annotations | undefined, b: Annotations): boolean {
  const names = Object.keys(b);
  return names.length === Object.keys(a ?? {}).length && names.every((name) => a?.[name] === b[name]);
}
