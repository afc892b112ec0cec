/** ServiceAccount: every namespace has the account `default`, which pods use that name no other. */

import { namespace } from "@knarr/kinds/core/namespace.ts";
import { serviceAccount } from "@knarr/kinds/core/service-account.ts";
import type { Namespace } from "@knarr/kinds/generated/core-v1.ts";
import { isAlreadyExists } from "@knarr/machinery/status.ts";
import { defineController } from "@knarr/client/controller.ts";
import { isNamespaceTerminating } from "../batches.ts";

const NAME = "default";

export const serviceAccountController = defineController<Namespace>({
  name: "service-account",
  for: namespace,
  watches: [
    {
      resource: serviceAccount,
      wakes: ({ metadata }) => (metadata.name === NAME ? [metadata.namespace!] : []),
    },
  ],
  writes: { serviceaccounts: ["create"] },

  async reconcile(key, { cache, api }) {
    const isActive = cache.get(namespace, key)?.status?.phase === "Active";
    if (!isActive || cache.get(serviceAccount, `${key}/${NAME}`)) return;
    try {
      await api.create(serviceAccount, { metadata: { name: NAME, namespace: key } });
    } catch (err) {
      if (!isAlreadyExists(err) && !isNamespaceTerminating(err)) throw err;
    }
  },
});
