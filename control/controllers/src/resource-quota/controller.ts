/**
 * ResourceQuota: counts what a namespace uses, and writes it where admission goes by it.
 *
 * Admission charges a quota for what is about to be made, so what is made wakes nobody here: counted now, it would be forgotten again. A
 * quota is counted when its limits are new, when something that it counts has gone or uses otherwise, and now and then. What was on its way
 * to the store meanwhile is not seen by the count, so what a count has changed is counted again a moment later.
 *
 * Only kinds that some quota limits are watched.
 */

import {
  defineController,
  type Context,
  type Controller,
  type Follow,
  type FollowedCache,
} from "@knarr/client/controller.ts";
import type { Cache } from "@knarr/client/cache.ts";
import type { Discovered } from "@knarr/client/discovery.ts";
import { resourceQuota } from "@knarr/kinds/core/resource-quota.ts";
import type { ResourceQuota } from "@knarr/kinds/generated/core-v1.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { countUsage } from "@knarr/kinds/shared/quota/count.ts";
import type { Evaluator, Surroundings } from "@knarr/kinds/shared/quota/evaluator.ts";
import { evaluatorsFor, isInScopes } from "@knarr/kinds/shared/quota/evaluators.ts";
import { amountsOf, isSame, only, usageOf, type Usage } from "@knarr/kinds/shared/quota/usage.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import { keyOf, type ApiObject } from "@knarr/machinery/object.ts";
import { kindsOfKinds, LimitedKinds } from "./kinds.ts";

/** What only time changes, and what was missed. */
const RESYNC_MS = 5 * 60_000;
const AGAIN_MS = 1000;
/** How long to wait for kinds that are new. */
const PATIENCE_MS = 1000;

/** `discover` asks the server for its kinds. */
export function resourceQuotaController(
  discover: (signal: AbortSignal) => Promise<Discovered>,
): Controller<ResourceQuota> {
  const keeper: Keeper = { kinds: new LimitedKinds(discover), due: new Map() };
  const { kinds, due } = keeper;

  return defineController<ResourceQuota>({
    name: "resourcequota",
    for: resourceQuota,
    writes: { "resourcequotas/status": ["update"] },

    async reconcile(key, context) {
      const { cache, clock, api, signal } = context;
      const evaluators = await kinds.limitedBy(cache.list(resourceQuota), signal);
      const followed = context.follow(follows(evaluators, keeper, context));
      const quota = cache.get(resourceQuota, key);
      if (!quota) return void due.delete(key);

      const { spec = {}, status = {} } = quota;
      const isNew = !semanticEqual(spec.hard, status.hard);
      const left = (due.get(key) ?? 0) - clock.now();
      if (left > 0 && !isNew) return { againInMs: left };
      await listed(followed, context);
      due.set(key, clock.now() + RESYNC_MS);
      const { used, isWhole } = measure(quota, kinds, { now: clock.now(), ...followed });
      const isChanged = isNew || !status.used || !isSame(used, usageOf(status.used));
      if (isChanged) {
        const told = { hard: amountsOf(usageOf(spec.hard)), used: amountsOf(used) };
        await api.updateStatus(resourceQuota, { ...quota, status: told }).catch((err: unknown) => {
          due.delete(key);
          throw err;
        });
      }
      const againInMs = isChanged || !isWhole ? AGAIN_MS : RESYNC_MS;
      // Unless something has woken it meanwhile.
      if (due.has(key)) due.set(key, clock.now() + againInMs);
      return { againInMs };
    },
  });
}

interface Keeper {
  readonly kinds: LimitedKinds;
  /** When to count again, by quota; at once for those that are not there. */
  readonly due: Map<string, number>;
}

/** Kinds that cannot be listed must not hold up all others. */
async function listed(followed: FollowedCache, { clock, signal }: Context): Promise<void> {
  const enough = new AbortController();
  const patience = clock.sleep(PATIENCE_MS, AbortSignal.any([enough.signal, signal]));
  await Promise.race([followed.whenListed(), patience.catch(() => undefined)]); // aborted: no longer waited for
  enough.abort();
}

type Followed = Surroundings & FollowedCache;

/** What is used, as far as it can be told; the rest as it was. */
function measure(
  quota: ResourceQuota,
  kinds: LimitedKinds,
  around: Followed,
): { readonly used: Usage; readonly isWhole: boolean } {
  let isWhole = true;
  const counted = countUsage(quota, around, (evaluator) => {
    const resource = kinds.resourceOf(evaluator);
    if (!resource) return undefined;
    const isListed = (evaluator.reads ?? [resource]).every((one) => around.hasListed(one));
    isWhole &&= isListed;
    return isListed ? around.list<ApiObject>(resource, quota.metadata.namespace) : undefined;
  });
  const limits = quota.spec?.hard ?? {};
  const used = only({ ...usageOf(quota.status?.used), ...counted }, (name) => limits[name] !== undefined);
  return { used, isWhole };
}

function follows(evaluators: readonly Evaluator[], keeper: Keeper, context: Context): readonly Follow<any>[] {
  const wanted = new Map<Resource<any>, Follow<any>>();
  for (const evaluator of evaluators) {
    const resource = keeper.kinds.resourceOf(evaluator);
    if (!resource) continue;
    const wakes: Follow<any>["wakes"] = (object, known, previous) =>
      wokenBy(
        { object, previous, resource, evaluator, around: { now: context.clock.now(), ...known } },
        keeper,
        context,
      );
    wanted.set(resource, { resource, wakes, metadataOnly: !evaluator.reads });
  }
  for (const resource of evaluators.flatMap(({ reads }) => reads ?? []))
    if (!wanted.has(resource)) wanted.set(resource, { resource, wakes: () => [] });
  if (evaluators.some(({ reads }) => !reads))
    for (const resource of kindsOfKinds)
      if (!wanted.has(resource))
        wanted.set(resource, {
          resource,
          metadataOnly: true,
          wakes: (object) => wokenByKind(object, keeper, context.cache),
        });
  return [...wanted.values()];
}

interface Event {
  readonly object: ApiObject;
  readonly previous: ApiObject | undefined;
  readonly resource: Resource<any>;
  readonly evaluator: Evaluator;
  readonly around: Surroundings;
}

/** Quotas that an object counts against no more, or otherwise. */
function wokenBy(event: Event, { due }: Keeper, { cache }: Context): readonly string[] {
  const { object, previous, resource, evaluator, around } = event;
  const quotas = cache.list(resourceQuota, object.metadata.namespace);
  if (quotas.length === 0) return [];
  const isGone = !previous && !around.get(resource, keyOf(object));
  if (!previous && !isGone) return [];
  const isOther = isGone || !isSame(evaluator.usage(object, around), evaluator.usage(previous!, around));
  const woken = quotas
    .filter(({ spec }) => Object.keys(spec?.hard ?? {}).some(evaluator.mayTrack))
    .filter(
      (quota) => isOther || isInScopes(quota, evaluator, object) !== isInScopes(quota, evaluator, previous!),
    )
    .map(keyOf);
  for (const key of woken) due.delete(key);
  return woken;
}

/** Quotas that count kinds which come or go. */
function wokenByKind(object: ApiObject, { kinds, due }: Keeper, cache: Cache): readonly string[] {
  const changed = new Set(kinds.forget(object));
  if (changed.size === 0) return [];
  const woken = cache
    .list(resourceQuota)
    .filter(({ spec }) => evaluatorsFor(Object.keys(spec?.hard ?? {})).some(({ kind }) => changed.has(kind)))
    .map(keyOf);
  for (const key of woken) due.delete(key);
  return woken;
}
