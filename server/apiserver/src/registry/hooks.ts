/**
 * What a kind's storage does beyond its declaration, because it needs the rest of the cluster: allocated addresses, finalizers of
 * namespaces. One literal per kind that has any, named in `registry-hooks.ts`.
 */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import type { Strategy } from "../writes/strategy.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import type { Handler } from "../handlers/handler.ts";
import type { Attributes, User } from "../request.ts";

export interface RegistryHooks<T extends ApiObject = ApiObject> {
  /**
   * Before a create is prepared and validated, after mutating admission. May reserve things for the object and write them into
   * it; the reservation is undone when the create does not happen. Throws ApiError to refuse.
   */
  beginCreate?(object: T, options: HookOptions): Promise<Reservation | void> | Reservation | void;
  /** The same before an update. */
  beginUpdate?(
    object: T,
    previous: T,
    options: HookOptions,
  ): Promise<Reservation | void> | Reservation | void;
  /** Rules that look at the rest of the cluster or at who asks; before the declaration's own. Create has no `previous`. */
  validate?(object: T, previous: T | undefined, check: Check): void | Promise<void>;
  /** The object is gone from the store. Never rejects. */
  afterDelete?(object: T): Promise<void> | void;
  /** False keeps an object whose finalizers were emptied; upstream's ShouldDeleteDuringUpdate beyond the general rule. */
  mayDeleteOnUpdate?(object: T, previous: T): boolean;
  /** Instead of the general delete, for kinds that are deleted in steps of their own. Undefined: the general one. */
  readonly deletion?: DeletionHooks<T>;
  /** How subresources write that the kind's declaration does not know. */
  readonly strategies?: Readonly<Record<string, Strategy>>;
  /** For kinds that are answered and not kept (reviews): what POST does. */
  readonly answer?: Handler;
  /** For kinds that are made when asked for. */
  readonly computed?: ComputedObjects<T>;
}

export interface DeletionHooks<T extends ApiObject> {
  /** Marks the object as being deleted; undefined when it can go at once. `object` is a copy to be changed and returned. */
  mark(object: T, now: string): T | undefined;
}

export interface ComputedObjects<T extends ApiObject> {
  /** Throws NotFound. */
  get(request: ApiRequest): Promise<T>;
  /** All there are; selected from afterwards. */
  list(request: ApiRequest): Promise<readonly T[]>;
}

export interface HookOptions {
  /** Who asks. */
  readonly user: User;
  readonly dryRun: boolean;
}

export interface Check {
  readonly errors: FieldErrors;
  readonly request: Attributes;
}

/** Neither ever rejects. */
export interface Reservation {
  /** The write is done. */
  commit?(): Promise<void> | void;
  /** The write was not done. Where nobody can tell, neither is called: what is kept elsewhere is found by repair. */
  undo?(): Promise<void> | void;
}

export function defineHooks<T extends ApiObject>(hooks: RegistryHooks<T>): RegistryHooks<T> {
  return hooks;
}
