/**
 * The one shape every controller has.
 *
 * A controller is a declaration: the kind it is for, what else wakes it, what it may write, and one
 * function that makes one object right. Everything around that function (caches, queue, workers,
 * backoff, leader election, metrics, the RBAC role) is derived from the declaration, so a reader who
 * knows one controller can read them all, and `controllers.ts` is a map of the control plane.
 *
 * Rules for `reconcile`, which the runtime relies on:
 * - Level, not edge: it is told which object, never what happened. Any call may be the first one
 *   after a week, or the tenth for nothing.
 * - It runs for one key at a time, for many keys at once.
 * - Objects from the cache are frozen; change a structuredClone.
 * - Throw to be tried again with backoff. Return to be left alone until something changes.
 */

import type { Resource, Verb } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { Api } from "./api.ts";
import type { Cache, Index } from "./cache.ts";

export interface Controller<T extends ApiObject = ApiObject> {
  /** As in `--controllers=*,-replicaset`, in logs and metrics, and in `system:controller:<name>`. */
  readonly name: string;
  readonly for: Resource<T>;
  /** Whether it has to do with this one of them; default: with all. Others do not wake it. */
  concerns?(object: T): boolean;
  /** Kinds it creates: a change to one wakes the object that owns it. */
  readonly owns?: readonly Resource<any>[];
  /** Kinds it depends on otherwise: a change to one wakes the keys that `wakes` returns. */
  readonly watches?: readonly Watch<any>[];
  /**
   * Kinds of which objects may be missing that nobody can read: it works on with the others, and is not woken for one that it is for. Default: none;
   * it begins when all can be read. For those whose work everybody waits for, and who delete nothing because something seems absent.
   */
  readonly worksWithout?: readonly Resource<any>[];
  /** Look-ups it needs in the cache beyond key, namespace and owner. */
  readonly indexes?: readonly Index<any>[];
  /** All it may write, as `resource[.group][/subresource]: verbs`. Becomes its ClusterRole; the API client refuses the rest. */
  readonly writes: Readonly<Record<string, readonly Verb[]>>;
  /** How many keys at once; default 5, as upstream's ConcurrentXSyncs. */
  readonly workers?: number;
  /** `source.component` of its Events; default `<name>-controller`. */
  readonly eventSource?: string;
  reconcile(key: string, context: Context): Promise<Outcome | void>;
}

export interface Watch<W extends ApiObject> {
  readonly resource: Resource<W>;
  /** Keys (of the kind the controller is `for`) to look at again; `previous` is there on change, `object` is the last state on delete. */
  wakes(object: W, cache: Cache, previous?: W): readonly string[];
}

/** A kind to watch because some object names it. */
export interface Follow<W extends ApiObject> extends Watch<W> {
  /** Its metadata is enough. */
  readonly metadataOnly?: boolean;
}

export interface FollowedCache extends Cache {
  hasListed(resource: Resource<any>): boolean;
  /** Resolves when all kinds have been listed: never, where the server cannot list one. */
  whenListed(): Promise<void>;
}

export interface Context {
  /** Aborts on shutdown and on loss of the leader lease. */
  readonly signal: AbortSignal;
  /** Already carries the controller's name and the key. */
  readonly log: Logger;
  readonly clock: Clock;
  /** Has seen all this controller's own writes to the key it is called for. */
  readonly cache: Cache;
  readonly api: Api;
  /**
   * Watches these kinds, and of those that were followed before no others, for all keys of this controller. What is read of a kind before
   * it `hasListed` is not all there is; a change to one wakes whom `wakes` says.
   */
  follow(kinds: readonly Follow<any>[]): FollowedCache;
  /** Records an Event about `object`; best effort, aggregated as upstream does. */
  event(object: ApiObject, type: "Normal" | "Warning", reason: string, message: string): void;
}

export interface Outcome {
  /** Come back even if nothing changes: for deadlines, which no watch announces. */
  readonly againInMs?: number;
}

export function defineController<T extends ApiObject>(controller: Controller<T>): Controller<T> {
  return controller;
}
