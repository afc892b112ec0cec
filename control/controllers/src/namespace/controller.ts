/**
 * Namespace: empties a namespace that is being deleted, and then lets it go.
 *
 * Pods go first (KEP-5080), so that nothing they run loses its Secrets, policies or quotas while it still runs; then everything else,
 * whatever kinds the server has, found by asking it. What remains, and why, stands in the conditions of the namespace. When nothing
 * remains, the finalizer `kubernetes` is taken off, and the server removes the namespace.
 */

import { namespace as namespaces } from "@knarr/kinds/core/namespace.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import type { Namespace } from "@knarr/kinds/generated/core-v1.ts";
import { ApiError, isNotFound, unlessGone } from "@knarr/machinery/status.ts";
import type { Api } from "@knarr/client/api.ts";
import { defineController, type Context, type Controller, type Outcome } from "@knarr/client/controller.ts";
import type { Discovered, ServedResource } from "@knarr/client/discovery.ts";
import { allDone } from "../batches.ts";
import { conditionsAfter, type Progress } from "./conditions.ts";

const FINALIZER = "kubernetes";
/** How long to wait for what only finalizers hold back: nothing tells when they are done. */
const RETRY_MS = 2000;

/** `discover` asks the server for its kinds. */
export function namespaceController(
  discover: (signal: AbortSignal) => Promise<Discovered>,
): Controller<Namespace> {
  return defineController<Namespace>({
    name: "namespace",
    for: namespaces,
    watches: [
      {
        resource: pod,
        wakes({ metadata }, cache, previous) {
          // Only the last step matters: a pod that is gone from a namespace that waits for it.
          const isGone = !previous && cache.get(pod, `${metadata.namespace}/${metadata.name}`) === undefined;
          const owner = isGone ? cache.get(namespaces, metadata.namespace!) : undefined;
          return owner?.metadata.deletionTimestamp ? [metadata.namespace!] : [];
        },
      },
    ],
    workers: 10,
    writes: {
      "*.*": ["delete", "deletecollection"],
      "namespaces/status": ["update"],
      "namespaces/finalize": ["update"],
    },

    async reconcile(key, context): Promise<Outcome | void> {
      const { cache, api, clock, signal } = context;
      const namespace = cache.get(namespaces, key);
      const isOurs = namespace?.spec?.finalizers?.includes(FINALIZER);
      if (!namespace?.metadata.deletionTimestamp || !isOurs) return;

      const { resources, failed } = await discover(signal);
      const progress = await empty(key, resources, failed, context);
      const conditions = conditionsAfter(namespace, progress, clock.now());
      const noted = conditions
        ? await api.updateStatus(namespaces, { ...namespace, status: { ...namespace.status, conditions } })
        : namespace;
      if (progress.failures.length > 0) throw progress.failures[0];
      if (failed.length > 0)
        throw new Error(`Cannot empty namespace ${key}: no answer from ${failed.join(", ")}`);
      if (!progress.remaining || progress.remaining.size > 0) return { againInMs: RETRY_MS };
      await finalize(noted, api);
    },
  });
}

/** Deletes all there is, pods before the rest. */
async function empty(
  key: string,
  resources: readonly ServedResource[],
  undiscovered: readonly string[],
  { api }: Context,
): Promise<Progress> {
  const remaining = new Map<string, number>();
  const finalizers = new Map<string, number>();
  const failures: Error[] = [];
  const clear = async (resource: ServedResource) => {
    try {
      const left = await deleteAll(resource, key, api);
      if (left.length > 0) remaining.set(`${resource.plural}.${resource.group}`, left.length);
      for (const { metadata } of left) {
        for (const finalizer of metadata.finalizers ?? []) {
          finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
        }
      }
    } catch (err) {
      failures.push(err as Error);
    }
  };
  const deletable = resources.filter(
    ({ scope, verbs }) => scope === "Namespaced" && verbs.includes("delete") && verbs.includes("list"),
  );
  const isPod = ({ group, plural }: ServedResource) => group === "" && plural === "pods";
  await allDone(deletable.filter(isPod).map(clear));
  if (remaining.size > 0 || failures.length > 0) {
    return { undiscovered, failures, remaining: undefined, finalizers };
  }
  await allDone(deletable.filter((resource) => !isPod(resource)).map(clear));
  return { undiscovered, failures, remaining, finalizers };
}

/** Deletes all objects of a kind in the namespace; returns those that are still there. */
async function deleteAll(resource: ServedResource, namespace: string, api: Api) {
  const list = async () => (await api.list(resource, { namespace, metadataOnly: true })).items;
  try {
    const items = await list();
    if (items.length === 0) return items;
    const isAsked = items.every(({ metadata }) => metadata.deletionTimestamp);
    if (isAsked) return items;
    if (resource.verbs.includes("deletecollection")) {
      await api.deleteCollection(resource, { namespace }, { propagationPolicy: "Background" });
    } else {
      await allDone(
        items.map(({ metadata }) =>
          api
            .delete(resource, `${namespace}/${metadata.name}`, { propagationPolicy: "Background" })
            .catch(unlessGone),
        ),
      );
    }
    return await list();
  } catch (err) {
    // A kind that discovery still shows and the server no longer serves holds nothing.
    if (isNotFound(err) || (err instanceof ApiError && err.code === 405)) return [];
    throw err;
  }
}

async function finalize(namespace: Namespace, api: Api): Promise<void> {
  const finalizers = (namespace.spec?.finalizers ?? []).filter((name) => name !== FINALIZER);
  const next = { ...namespace, spec: { ...namespace.spec, finalizers } };
  await api.updateSubresource(namespaces, next, "finalize").catch(unlessGone);
}
