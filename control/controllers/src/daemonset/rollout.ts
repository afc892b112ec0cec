/**
 * The next step of a rolling update: old pods that may go, or nodes that may have a new one beside the old.
 *
 * Without surge, old pods go until as many nodes as allowed have no available pod, and the nodes get new ones by themselves. With
 * surge, a new pod comes first, on as many nodes as allowed at once, and the old one goes when the new one is available. A node whose
 * old pod is not available has nothing to lose: it does not count.
 */

import type { DaemonSet } from "@knarr/kinds/generated/apps-v1.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { isAvailable } from "../pods.ts";
import { isUpToDate, type Place } from "./placement.ts";
import { surgeOf, unavailableOf } from "./plan.ts";

export interface Step {
  readonly remove: readonly Pod[];
  /** Nodes that get another pod. */
  readonly create: readonly string[];
}

interface Pair {
  readonly current: Pod | undefined;
  readonly old: Pod | undefined;
}

export function nextStep(
  set: DaemonSet,
  places: readonly Place[],
  { hash, now }: { readonly hash: string; readonly now: number },
): Step {
  const pairs = places.map((place) => ({ place, pair: pairOf(place.pods, set, hash) }));
  const desired = places.filter(({ shouldRun }) => shouldRun).length;
  const available = (pod: Pod) => isAvailable(pod, set.spec!.minReadySeconds ?? 0, now);
  const surge = surgeOf(set, desired);
  return surge === 0
    ? removeOld(pairs, unavailableOf(set, desired), available)
    : addNew(pairs, { surge, desired }, available);
}

/** Undefined when there are several of a sort: what is too much goes first. */
function pairOf(pods: readonly Pod[], set: DaemonSet, hash: string): Pair | undefined {
  const staying = pods.filter(({ metadata }) => !metadata.deletionTimestamp);
  const current = staying.filter((pod) => isUpToDate(pod, set, hash));
  const old = staying.filter((pod) => !isUpToDate(pod, set, hash));
  return current.length > 1 || old.length > 1 ? undefined : { current: current[0], old: old[0] };
}

type Pairs = readonly { readonly place: Place; readonly pair: Pair | undefined }[];

function removeOld(pairs: Pairs, limit: number, available: (pod: Pod) => boolean): Step {
  const free: Pod[] = [];
  const candidates: Pod[] = [];
  let unavailable = 0;
  for (const { pair } of pairs) {
    const [one, other] = [pair?.current, pair?.old];
    if ((!one && !other) || (one && other)) unavailable++;
    else if (one) unavailable += available(one) ? 0 : 1;
    else if (available(other!)) candidates.push(other!);
    else {
      free.push(other!);
      unavailable++;
    }
  }
  return { remove: [...free, ...candidates.slice(0, Math.max(0, limit - unavailable))], create: [] };
}

function addNew(
  pairs: Pairs,
  { surge, desired }: { readonly surge: number; readonly desired: number },
  available: (pod: Pod) => boolean,
): Step {
  const remove: Pod[] = [];
  const leaving: Pod[] = [];
  const free: string[] = [];
  const candidates: string[] = [];
  let surging = 0;
  let healthy = 0;
  for (const { place, pair } of pairs) {
    if (!pair) {
      surging++;
      continue;
    }
    const { current, old } = pair;
    const shown = old ?? current;
    if (shown && available(shown)) healthy++;
    if (!old) continue;
    if (current) {
      if (available(current)) remove.push(old);
      else surging++;
    } else if (!place.shouldRun) (available(old) ? leaving : remove).push(old);
    else (available(old) ? candidates : free).push(place.name);
  }
  // Where no pod is wanted any more, the old one goes once enough others are available.
  remove.push(...leaving.slice(0, Math.max(0, healthy - desired)));
  return { remove, create: [...free, ...candidates.slice(0, Math.max(0, surge - surging))] };
}
