/**
 * Disruption: counts, for each disruption budget, how many of its pods are healthy and how many more may go.
 *
 * Evictions take from the count and note the pod under `disruptedPods` until it is seen to be going; a pod that is still there long
 * after counts again. When the numbers cannot be told, none may go.
 */

import { isDeepStrictEqual } from "node:util";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { LabelSelector } from "@knarr/kinds/generated/meta.ts";
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from "@knarr/kinds/generated/policy-v1.ts";
import { podDisruptionBudget as budgets } from "@knarr/kinds/policy/pod-disruption-budget.ts";
import { withDisruptionAllowed, withDisruptionCondition } from "@knarr/kinds/shared/disruption.ts";
import { controllerOf, keyOf, type ApiObject } from "@knarr/machinery/object.ts";
import { isConflict } from "@knarr/machinery/status.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import type { Cache } from "@knarr/client/cache.ts";
import {
  defineController,
  type Context,
  type Controller,
  type Outcome,
  type Watch,
} from "@knarr/client/controller.ts";
import type { Discovered } from "@knarr/client/discovery.ts";
import { isReady } from "../pods.ts";
import { selectorOf } from "@knarr/kinds/shared/stored-selector.ts";
import { rememberKinds } from "../remembered-kinds.ts";
import { shownSelector } from "../shown-selector.ts";
import { expectedOf, workloads, type Asking } from "./expected.ts";

/** How long an evicted pod may take to be seen going. */
const DELETION_MS = 120_000;

/** `discover` asks the server for its kinds: pods may belong to any of them. */
export function disruptionController(
  discover: (signal: AbortSignal) => Promise<Discovered>,
): Controller<PodDisruptionBudget> {
  const kindOf = rememberKinds(discover);
  return defineController<PodDisruptionBudget>({
    name: "disruption",
    eventSource: "controllermanager",
    for: budgets,
    watches: [
      { resource: pods, wakes: podWakes },
      ...workloads.map((resource): Watch<any> => ({ resource, wakes: workloadWakes })),
    ],
    writes: { "poddisruptionbudgets.policy/status": ["update"] },

    async reconcile(key, context): Promise<Outcome | void> {
      const { cache, api, clock, log, signal } = context;
      const budget = cache.get(budgets, key);
      if (!budget) return;
      try {
        return await count(budget, { ...context, kindOf });
      } catch (err) {
        signal.throwIfAborted();
        if (isConflict(err)) throw err;
        log.info("Disruption budget not counted", { err });
        const closed = { ...budget.status, disruptionsAllowed: 0 } as PodDisruptionBudgetStatus;
        const why = { status: "False", reason: "SyncFailed", message: (err as Error).message };
        const status = withDisruptionCondition(closed, why, formatTime(clock.now()));
        if (!isDeepStrictEqual(status, budget.status)) await api.updateStatus(budgets, { ...budget, status });
      }
    },
  });
}

async function count(budget: PodDisruptionBudget, context: Asking): Promise<Outcome | void> {
  const { cache, api, clock, event } = context;
  const selected = podsOf(budget, cache);
  if (selected.length === 0) event(budget, "Normal", "NoPods", "No matching pods found");
  tellOfSeveral(budget, selected, context);

  const { expectedPods, desiredHealthy, hasUnmanaged } = await expectedOf(budget, selected, context).catch(
    (err: Error) => {
      const why = `Failed to calculate the number of expected pods: ${err.message}`;
      event(budget, "Warning", "CalculateExpectedPodCountFailed", why);
      throw err;
    },
  );
  if (hasUnmanaged) event(budget, "Warning", "UnmanagedPods", unmanaged(budget.spec?.selector));

  const now = clock.now();
  const { disrupted, waitMs } = stillDisrupted(budget, selected, context);
  const currentHealthy = selected.filter(
    (pod) => !pod.metadata.deletionTimestamp && !disrupted.has(pod.metadata.name!) && isReady(pod),
  ).length;
  const spare = currentHealthy - desiredHealthy;
  const { generation } = budget.metadata;
  const { conditions } = budget.status ?? {};
  const status = withDisruptionAllowed(
    {
      currentHealthy,
      desiredHealthy,
      expectedPods,
      // A budget without pods allows none: the first ones may be there before they are counted.
      disruptionsAllowed: expectedPods > 0 ? Math.max(0, spare) : 0,
      ...(generation && { observedGeneration: generation }),
      ...(disrupted.size && { disruptedPods: Object.fromEntries(disrupted) }),
      ...(conditions && { conditions }),
    },
    formatTime(now),
  );
  if (!isDeepStrictEqual(status, budget.status)) await api.updateStatus(budgets, { ...budget, status });
  return waitMs === undefined ? undefined : { againInMs: waitMs };
}

function podsOf({ metadata, spec }: PodDisruptionBudget, cache: Cache): readonly Pod[] {
  const selector = selectorOf(spec?.selector);
  return cache.list(pods, metadata.namespace).filter((pod) => selector.matches(pod.metadata.labels));
}

/** Of the pods that evictions noted, those that may still be going; and how long until the first of them must be. */
function stillDisrupted(
  budget: PodDisruptionBudget,
  selected: readonly Pod[],
  { clock, event }: Context,
): { readonly disrupted: ReadonlyMap<string, string>; readonly waitMs: number | undefined } {
  const disrupted = new Map<string, string>();
  let waitMs: number | undefined;
  for (const pod of selected) {
    const { name = "", deletionTimestamp } = pod.metadata;
    const since = budget.status?.disruptedPods?.[name];
    if (since === undefined || deletionTimestamp) continue;
    const left = Date.parse(since) + DELETION_MS - clock.now();
    if (left <= 0) {
      const why = `Pod was expected by PDB ${keyOf(budget)} to be deleted but it wasn't`;
      event(pod, "Warning", "NotDeleted", why);
      continue;
    }
    disrupted.set(name, since);
    waitMs = Math.min(waitMs ?? left, left);
  }
  return { disrupted, waitMs };
}

/** A pod with several budgets cannot be evicted. One of them tells of it. */
function tellOfSeveral(
  budget: PodDisruptionBudget,
  selected: readonly Pod[],
  { cache, event }: Context,
): void {
  const { namespace, name } = budget.metadata;
  const all = cache.list(budgets, namespace);
  if (all.length < 2) return;
  for (const pod of selected) {
    const matching = all.filter(({ spec }) => selectorOf(spec?.selector).matches(pod.metadata.labels));
    const first = matching.map(({ metadata }) => metadata.name!).sort()[0];
    if (matching.length < 2 || first !== name) continue;
    const which = `"${namespace}"/"${pod.metadata.name}"`;
    const why = `Pod ${which} matches multiple PodDisruptionBudgets.  Chose "${name}" arbitrarily.`;
    event(pod, "Warning", "MultiplePodDisruptionBudgets", why);
  }
}

function podWakes(pod: Pod, cache: Cache, previous?: Pod): readonly string[] {
  if (previous && countsTheSame(previous, pod)) return [];
  return cache
    .list(budgets, pod.metadata.namespace)
    .filter(({ spec }) => {
      const selector = selectorOf(spec?.selector);
      return selector.matches(pod.metadata.labels) || selector.matches(previous?.metadata.labels);
    })
    .map(keyOf);
}

function countsTheSame(a: Pod, b: Pod): boolean {
  return (
    isReady(a) === isReady(b) &&
    a.metadata.deletionTimestamp === b.metadata.deletionTimestamp &&
    controllerOf(a)?.uid === controllerOf(b)?.uid &&
    isDeepStrictEqual(a.metadata.labels, b.metadata.labels)
  );
}

/** Its pods may be anybody's: few namespaces have more than a handful of budgets. */
function workloadWakes(workload: Scalable, cache: Cache, previous?: Scalable): readonly string[] {
  if (previous && previous.spec?.replicas === workload.spec?.replicas) return [];
  return cache.list(budgets, workload.metadata.namespace).map(keyOf);
}

interface Scalable extends ApiObject {
  readonly spec?: { readonly replicas?: number };
}

function unmanaged(selector: LabelSelector | undefined): string {
  return (
    `Pods selected by this PodDisruptionBudget (selector: ${shownSelector(selector)}) were found ` +
    "to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. " +
    'To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.'
  );
}
