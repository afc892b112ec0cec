/** The pods a Job makes, and which go when it has too many. */

import { job as jobs } from "@knarr/kinds/batch/job.ts";
import type { Job } from "@knarr/kinds/generated/batch-v1.ts";
import type { Container, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { byLeastProgress } from "../pods.ts";
import { podOf } from "../pod-of.ts";
import { COMPLETION_INDEX, IndexSet, indexesOf, indexOf } from "./indexes.ts";
import {
  failureAnnotations,
  hasLimitPerIndex,
  isIndexed,
  replacesOnlyFailed,
  TRACKING,
  type Observation,
} from "./observation.ts";

/** Names have 63 characters, five of them random. */
const LONGEST_PREFIX = 58;

/** One more pod; of `index`, in indexed Jobs. */
export function newPod(job: Job, index: number | undefined, { awaited }: Observation): Pod {
  const pod = podOf(jobs, job, job.spec!.template);
  const { metadata, spec } = pod;
  metadata.finalizers = [...new Set([...(metadata.finalizers ?? []), TRACKING])];
  if (index === undefined) return pod;
  const text = String(index);
  const suffix = `-${text}-`;
  return {
    ...pod,
    metadata: {
      ...metadata,
      generateName: `${job.metadata.name!.slice(0, LONGEST_PREFIX - suffix.length)}${suffix}`,
      labels: { ...metadata.labels, [COMPLETION_INDEX]: text },
      annotations: {
        ...metadata.annotations,
        [COMPLETION_INDEX]: text,
        ...(hasLimitPerIndex(job) && failureAnnotations(job, awaited.get(index))),
      },
    },
    spec: {
      ...spec!,
      hostname: `${job.metadata.name}-${text}`,
      containers: spec!.containers.map(withIndex),
      ...(spec!.initContainers && { initContainers: spec!.initContainers.map(withIndex) }),
    },
  };
}

const VARIABLE = "JOB_COMPLETION_INDEX";

function withIndex(container: Container): Container {
  const { env = [] } = container;
  if (env.some(({ name }) => name === VARIABLE)) return container;
  const valueFrom = { fieldRef: { fieldPath: `metadata.labels['${COMPLETION_INDEX}']` } };
  return { ...container, env: [...env, { name: VARIABLE, valueFrom }] };
}

/** How many pods shall run. */
export function wantedActive({ spec }: Job, { succeeded, active }: Observation): number {
  const { completions, parallelism = 1 } = spec!;
  // Without a number of completions the first success ends it: whatever runs then may end by itself.
  if (completions == null) return succeeded > 0 ? active.length : parallelism;
  return Math.max(0, Math.min(completions - succeeded, parallelism));
}

/** Those that must go for `count` to be gone, and those of an index that is no good or that another has. */
export function podsToRemove(job: Job, active: readonly Pod[], count: number): readonly Pod[] {
  const { gone, left } = isIndexed(job)
    ? withoutRepeated(active, job.spec!.completions!)
    : { gone: [], left: active };
  const more = Math.max(0, count - gone.length);
  return more ? [...gone, ...left.toSorted(byLeastProgress).slice(0, more)] : gone;
}

function withoutRepeated(
  pods: readonly Pod[],
  completions: number,
): { gone: readonly Pod[]; left: readonly Pod[] } {
  const gone: Pod[] = [];
  const left: Pod[] = [];
  for (const [index, same] of Map.groupBy(pods, indexOf)) {
    if (index === undefined || index >= completions) gone.push(...same);
    else {
      const sorted = same.toSorted(byLeastProgress);
      gone.push(...sorted.slice(0, -1));
      left.push(sorted.at(-1)!);
    }
  }
  return { gone, left };
}

/** The next indexes that need a pod. */
export function indexesToAdd(job: Job, seen: Observation, count: number): number[] {
  const { succeededIndexes, failedIndexes = IndexSet.empty, active, terminating } = seen;
  const awaiting = replacesOnlyFailed(job) ? indexesOf(terminating) : IndexSet.empty;
  return succeededIndexes
    .with(indexesOf(active))
    .with(awaiting)
    .with(failedIndexes)
    .firstMissing(count, job.spec!.completions!);
}
