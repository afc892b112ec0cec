/** Token cleaner: bootstrap tokens that have expired are deleted. */

import { defineController } from "@knarr/client/controller.ts";
import { secret } from "@knarr/kinds/core/secret.ts";
import { bootstrapTokenOf } from "@knarr/kinds/shared/bootstrap-token.ts";
import { isConflict, isNotFound } from "@knarr/machinery/status.ts";

export const tokenCleanerController = defineController({
  name: "token-cleaner",
  for: secret,
  writes: { secrets: ["delete"] },

  async reconcile(key, { cache, api, clock }) {
    const object = cache.get(secret, key);
    const expires = object && bootstrapTokenOf(object)?.expires;
    if (expires === undefined) return;
    const left = expires - clock.now();
    if (left > 0) return { againInMs: left };
    const { uid = "" } = object!.metadata;
    await api.delete(secret, key, { uid }).catch((err: unknown) => {
      if (!isNotFound(err) && !isConflict(err)) throw err; // gone already, or another by now
    });
  },
});
