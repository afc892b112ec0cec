/** What a namespace that is being emptied says about it, in upstream's words. */

import type { Namespace, NamespaceCondition } from "@knarr/kinds/generated/core-v1.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { conditionOf } from "../conditions.ts";

/** How emptying went. */
export interface Progress {
  /** Groups that discovery could not list, as `group/version`. */
  readonly undiscovered: readonly string[];
  readonly failures: readonly Error[];
  /** Objects left by `resource.group`; absent while only pods were looked at. */
  readonly remaining: ReadonlyMap<string, number> | undefined;
  /** Objects left that have a finalizer, by finalizer. */
  readonly finalizers: ReadonlyMap<string, number>;
}

interface Finding {
  readonly reason: string;
  readonly message: string;
}

const types: readonly {
  readonly type: string;
  readonly ok: Finding;
  readonly bad: (progress: Progress) => Finding | undefined;
}[] = [
  {
    type: "NamespaceDeletionDiscoveryFailure",
    ok: { reason: "ResourcesDiscovered", message: "All resources successfully discovered" },
    bad: ({ undiscovered }) =>
      undiscovered.length === 0
        ? undefined
        : {
            reason: "DiscoveryFailed",
            message: `Discovery failed for some groups, ${undiscovered.length} failing: unable to retrieve the complete list of server APIs: ${undiscovered.map((name) => `${name}: stale GroupVersion discovery: ${name}`).join(", ")}`,
          },
  },
  {
    type: "NamespaceDeletionGroupVersionParsingFailure",
    ok: { reason: "ParsedGroupVersions", message: "All legacy kube types successfully parsed" },
    bad: () => undefined,
  },
  {
    type: "NamespaceDeletionContentFailure",
    ok: {
      reason: "ContentDeleted",
      message: "All content successfully deleted, may be waiting on finalization",
    },
    bad: ({ failures }) =>
      failures.length === 0
        ? undefined
        : {
            reason: "ContentDeletionFailed",
            message: `Failed to delete all resource types, ${failures.length} remaining: ${failures
              .map(({ message }) => message)
              .toSorted()
              .join(", ")}`,
          },
  },
  {
    type: "NamespaceContentRemaining",
    ok: { reason: "ContentRemoved", message: "All content successfully removed" },
    bad: ({ remaining }) =>
      !remaining || remaining.size === 0
        ? undefined
        : {
            reason: "SomeResourcesRemain",
            message: `Some resources are remaining: ${texts(remaining, (name, count) => `${name} has ${count} resource instances`)}`,
          },
  },
  {
    type: "NamespaceFinalizersRemaining",
    ok: { reason: "ContentHasNoFinalizers", message: "All content-preserving finalizers finished" },
    bad: ({ remaining, finalizers }) =>
      !remaining || finalizers.size === 0
        ? undefined
        : {
            reason: "SomeFinalizersRemain",
            message: `Some content in the namespace has finalizers remaining: ${texts(finalizers, (name, count) => `${name} in ${count} resource instances`)}`,
          },
  },
];

/** The conditions of `namespace` after `progress`, or undefined when they say that already. */
export function conditionsAfter(
  { status }: Namespace,
  progress: Progress,
  now: number,
): NamespaceCondition[] | undefined {
  let hasChanged = false;
  const conditions = [...(status?.conditions ?? [])];
  for (const { type, ok, bad } of types) {
    const found = bad(progress);
    const wanted = { type, status: found ? "True" : "False", ...(found ?? ok) };
    const before = conditionOf(conditions, type);
    const isSame =
      before?.status === wanted.status &&
      before.reason === wanted.reason &&
      before.message === wanted.message;
    if (isSame) continue;
    hasChanged = true;
    const since = before?.status === wanted.status ? before.lastTransitionTime : undefined;
    const next: NamespaceCondition = { ...wanted, lastTransitionTime: since ?? formatTime(now) };
    if (before) conditions[conditions.indexOf(before)] = next;
    else conditions.push(next);
  }
  return hasChanged ? conditions : undefined;
}

function texts(counts: ReadonlyMap<string, number>, text: (name: string, count: number) => string): string {
  return [...counts]
    .map(([name, count]) => text(name, count))
    .toSorted()
    .join(", ");
}
