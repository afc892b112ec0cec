/**
 * The ConfigMap `extension-apiserver-authentication`: which authorities this server trusts, for servers behind it that must trust the same.
 */

import type { Api } from "@knarr/client/api.ts";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { equalJson } from "@knarr/machinery/patch/copy.ts";
import type { World } from "../admission/plugin.ts";
import type { ListenOptions } from "../options.ts";

const metadata = { name: "extension-apiserver-authentication", namespace: "kube-system" };

export async function publishAuthorities(api: Api, world: World, listen: ListenOptions): Promise<void> {
  const { clientCa, frontProxyCa, frontProxyNames = [] } = listen;
  const data = {
    "client-ca-file": clientCa,
    ...(frontProxyCa && {
      "requestheader-client-ca-file": frontProxyCa,
      "requestheader-allowed-names": JSON.stringify(frontProxyNames),
      "requestheader-username-headers": '["X-Remote-User"]',
      "requestheader-uid-headers": '["X-Remote-Uid"]',
      "requestheader-group-headers": '["X-Remote-Group"]',
      "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
    }),
  };
  const existing = world.get(configMap, `${metadata.namespace}/${metadata.name}`);
  if (!existing) await api.create(configMap, { metadata, data });
  else if (!equalJson(existing.data, data)) await api.update(configMap, { ...existing, data } as never);
}
