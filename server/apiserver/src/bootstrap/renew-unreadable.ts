/**
 * What the server publishes of itself, when it lies in the store and cannot be read: it is taken away, to be made anew, for nothing is lost with it. Without
 * the namespace it lies in the server cannot start; what that says is the administrator's, who has to decide (`knarr store discard`).
 */

import { configMap } from "@knarr/kinds/core/config-map.ts";
import { endpoints } from "@knarr/kinds/core/endpoints.ts";
import { namespace } from "@knarr/kinds/core/namespace.ts";
import { service } from "@knarr/kinds/core/service.ts";
import { endpointSlice } from "@knarr/kinds/discovery/endpoint-slice.ts";
import { ipAddress } from "@knarr/kinds/networking/ip-address.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { Caches } from "../cache/cache.ts";

/** `clusterIp` is that of the Service `kubernetes`. */
export async function renewUnreadable(caches: Caches, clusterIp: string, log: Logger): Promise<void> {
  caches.of(namespace).checkReadable("default");
  const isRenewed = async (resource: Resource<any>, key: string): Promise<boolean> => {
    const cache = caches.of(resource);
    if (!cache.isUnreadable(key)) return false;
    await cache.discard(key);
    log.info("Discarded own object to make it anew", { resource: resource.plural, key });
    return true;
  };
  await isRenewed(configMap, "kube-system/extension-apiserver-authentication");
  await isRenewed(endpoints, "default/kubernetes");
  await isRenewed(endpointSlice, "default/kubernetes");
  await isRenewed(ipAddress, clusterIp);
  // Its address is free then, too.
  if ((await isRenewed(service, "default/kubernetes")) && caches.of(ipAddress).get(clusterIp))
    await caches.of(ipAddress).delete(clusterIp);
}
