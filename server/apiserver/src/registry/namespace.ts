/**
 * Namespaces are deleted in steps: a delete marks them, the namespace controller empties them and takes its finalizer out of
 * `spec.finalizers`, and only then they go.
 */

import type { Namespace } from "@knarr/kinds/generated/core-v1.ts";
import { finalizeStrategy } from "../subresources/finalize.ts";
import { defineHooks } from "./hooks.ts";

type Stored = Namespace & { metadata: NonNullable<Namespace["metadata"]> };

export const namespaceHooks = defineHooks<Stored>({
  strategies: { finalize: finalizeStrategy },

  deletion: {
    mark(object, now) {
      if (!object.metadata.deletionTimestamp) {
        object.metadata.deletionTimestamp = now;
        object.status = { ...object.status, phase: "Terminating" };
        return object;
      }
      return isFinalized(object) ? undefined : object;
    },
  },

  mayDeleteOnUpdate: (object) => isFinalized(object),
});

function isFinalized({ metadata, spec }: Stored): boolean {
  return !spec?.finalizers?.length && !metadata.finalizers?.length;
}
