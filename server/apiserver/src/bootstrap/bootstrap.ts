/**
 * What a cluster has from its first moment: system namespaces, the default policy, priority classes, the Service of the API itself. Made
 * when missing, at every start, and repaired where it has to be so.
 */

import { createApi } from "@knarr/client/create-api.ts";
import type { Api } from "@knarr/client/api.ts";
import type { Transport } from "@knarr/client/transport.ts";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { namespace } from "@knarr/kinds/core/namespace.ts";
import { priorityClass } from "@knarr/kinds/scheduling/priority-class.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { keyOf, type ApiObject } from "@knarr/machinery/object.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { World } from "../admission/plugin.ts";
import { reconcileBootstrapPolicy } from "../authz/bootstrap/reconcile.ts";
import { unlessOvertaken } from "./beside-others.ts";
import { systemPriorityClasses } from "./priority-classes.ts";

const NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];

/** Says since when tokens in Secrets are known to be used or not: upstream's cleaner of such tokens waits for it. */
const TOKEN_TRACKING = "kube-apiserver-legacy-service-account-token-tracking";

/** `transport` is that of a member of system:masters. */
export async function bootstrap(transport: Transport, world: World, clock: Clock): Promise<void> {
  const api = createApi(transport);
  await Promise.all(NAMESPACES.map((name) => ensure(api, world, namespace, { metadata: { name } })));
  await Promise.all([
    reconcileBootstrapPolicy({
      get: (resource, key) => world.get(resource, key),
      create: (resource, object) => api.create(resource, object).catch(unlessOvertaken),
      update: (resource, object) => api.update(resource, object).catch(unlessOvertaken),
      delete: (resource, key) => api.delete(resource, key).catch(unlessOvertaken),
    }),
    ensure(api, world, configMap, {
      metadata: { name: TOKEN_TRACKING, namespace: "kube-system" },
      data: { since: formatTime(clock.now()).slice(0, "2026-01-01".length) },
    }),
    ...systemPriorityClasses.map((object) => ensure(api, world, priorityClass, object as never)),
  ]);
}

/** Makes `object` unless there is one of its name. */
async function ensure<T extends ApiObject>(
  api: Api,
  world: World,
  resource: Resource<T>,
  object: T,
): Promise<void> {
  if (!world.get(resource, keyOf(object))) await api.create(resource, object).catch(unlessOvertaken);
}
