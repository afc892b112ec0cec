/**
 * What a cluster has from its first moment: system namespaces, the default policy, priority classes, the Service of the API itself. Made
 * when missing, at every start, and repaired where it has to be so.
 */

import { createApi } from "@knarr/client/create-api.ts";
import type { Api } from "@knarr/client/api.ts";
import type { Transport } from "@knarr/client/transport.ts";
import { namespace } from "@knarr/kinds/core/namespace.ts";
import { keyOf, type ApiObject } from "@knarr/machinery/object.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { reconcileBootstrapPolicy } from "../authz/bootstrap/reconcile.ts";
import type { Caches } from "../cache/cache.ts";
import type { ApiServerOptions } from "../options.ts";

export interface Bootstrap {
  /** As a member of system:masters. */
  readonly transport: Transport;
  readonly caches: Caches;
  readonly options: ApiServerOptions;
}

const NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];

export async function bootstrap({ transport, caches }: Bootstrap): Promise<void> {
  const api = createApi(transport);
  const { world } = caches;
  await Promise.all(NAMESPACES.map((name) => ensure(api, caches, namespace, { metadata: { name } })));
  await reconcileBootstrapPolicy({
    get: (resource, key) => world.get(resource, key),
    create: (resource, object) => api.create(resource, object),
    update: (resource, object) => api.update(resource, object),
    delete: (resource, key) => api.delete(resource, key),
  });
}

/** Makes `object` unless there is one of its name. */
export async function ensure<T extends ApiObject>(
  api: Api,
  { world }: Caches,
  resource: Resource<T>,
  object: T,
): Promise<void> {
  if (!world.get(resource, keyOf(object))) await api.create(resource, object);
}
