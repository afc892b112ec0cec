/**
 * Controllers that keep objects in use from going: a finalizer, which admission puts on and this puts on where admission did not, comes
 * off when the object is being deleted and nobody uses it.
 */

import { defineController, type Context, type Controller } from "@knarr/client/controller.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { PROTECTION_FINALIZERS } from "@knarr/kinds/shared/persistent-volume/protection.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";

export interface Protection<T extends ApiObject> extends Pick<
  Controller<T>,
  "name" | "for" | "watches" | "indexes"
> {
  /** Asked about objects that are being deleted. */
  isUsed(object: T, context: Context): boolean | Promise<boolean>;
}

export function protectionController<T extends ApiObject>(protection: Protection<T>): Controller<T> {
  const { isUsed, ...declaration } = protection;
  const resource: Resource<T> = protection.for;
  const plural = resource.group ? `${resource.plural}.${resource.group}` : resource.plural;
  const finalizer = PROTECTION_FINALIZERS.get(plural)!;
  return defineController<T>({
    ...declaration,
    writes: { [plural]: ["update"] },

    async reconcile(key, context) {
      const object = context.cache.get(resource, key);
      if (!object) return;
      const { deletionTimestamp, finalizers = [] } = object.metadata;
      const isThere = finalizers.includes(finalizer);
      if (isThere !== (deletionTimestamp !== undefined)) return;
      if (isThere && (await isUsed(object, context))) return;
      const wanted = isThere ? finalizers.filter((name) => name !== finalizer) : [...finalizers, finalizer];
      await context.api.update(resource, {
        ...object,
        metadata: { ...object.metadata, finalizers: wanted },
      });
    },
  });
}
