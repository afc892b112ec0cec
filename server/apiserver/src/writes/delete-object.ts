/**
 * Deleting: at once, gracefully (pods: a moment is set and the node's agent ends it), or held by finalizers. Upstream's BeforeDelete and
 * the delete of its generic registry.
 */

import type { ApiObject } from "@knarr/machinery/object.ts";
import { copyJson } from "@knarr/machinery/patch/copy.ts";
import { conflict } from "@knarr/machinery/status.ts";
import { formatTime, parseTime } from "@knarr/machinery/time.ts";
import type { Item } from "../cache/cache.ts";
import { withRevision } from "../cache/item.ts";
import type { DeleteOptions } from "../handlers/delete-options.ts";
import type { Served } from "../registry/served.ts";
import { admissionRequest } from "./admission-request.ts";
import type { Write } from "./write.ts";

export interface Deleted {
  /** The last state, or the state with its deletionTimestamp. */
  readonly object: ApiObject;
  readonly item?: Item<any>;
  /** The object is gone; false while finalizers or its grace period keep it. */
  readonly gone: boolean;
  /** It was being deleted already, and this changed nothing. */
  readonly pending: boolean;
}

const ORPHAN = "orphan";
const FOREGROUND = "foregroundDeletion";

/** Out of the update: nothing is to be written, the object can go. */
const DELETE_NOW = Symbol("delete now");
/** Out of the update: nothing is to be written, its time is set already. */
const PENDING = Symbol("pending");

/** A delete on its way. */
interface Deleting {
  readonly served: Served;
  readonly key: string;
  readonly options: DeleteOptions;
  readonly now: number;
  /** Asks admission. */
  admit(live: ApiObject): Promise<void>;
}

/** `isAdmitted`: what led to this delete was admitted itself (an eviction). */
export async function deleteObject(
  write: Write,
  options: DeleteOptions,
  { isAdmitted = false }: { readonly isAdmitted?: boolean } = {},
): Promise<Deleted> {
  const { served, name, namespace, parts } = write;
  const now = parts.clock.now();
  let shown: ShownOptions | undefined;
  const admit = async (live: ApiObject): Promise<void> => {
    if (isAdmitted) return;
    // What was said first stands: a pod that is marked already has no grace left to speak of.
    await admitDelete(
      write,
      live,
      () => (shown ??= shownDeleteOptions(options, graceOf(served, live, options, now))),
    );
  };
  const { dryRun } = write.options;
  return deleteAdmitted({
    served,
    key: served.keyOf(namespace, name),
    options: { ...options, dryRun },
    now,
    admit,
  });
}

/** Deletes without a request, so that nobody is asked: what the server itself takes away. */
export function deleteUnasked(served: Served, key: string, now: number): Promise<Deleted> {
  return deleteAdmitted({ served, key, options: NO_OPTIONS, now, admit: async () => {} });
}

const NO_OPTIONS: DeleteOptions = {
  gracePeriodSeconds: undefined,
  propagationPolicy: undefined,
  orphanDependents: undefined,
  uid: undefined,
  resourceVersion: undefined,
  dryRun: false,
};

async function deleteAdmitted(deleting: Deleting): Promise<Deleted> {
  const { served, key, options, now, admit } = deleting;
  const stored = served.cache.get(key);
  const item = stored && (await served.inVersion(stored));
  if (item && canGoAtOnce(served, item.object, options, now)) return removeNow(deleting);

  let before: ApiObject | undefined;
  const mark = async (live: ApiObject): Promise<ApiObject> => {
    before = live;
    checkPreconditions(served, live, options);
    const marked = markDeleting(served, live, options, now);
    if (typeof marked === "symbol") throw marked;
    await admit(live);
    return marked;
  };
  try {
    if (options.dryRun) {
      if (!item) return await removeNow(deleting); // says that it is not there
      return { object: await mark(item.object), gone: false, pending: false };
    }
    const updated = await served.cache.update(key, async (_current, state) =>
      served.storedForm(await mark((await served.inVersion(state)).object)),
    );
    const written = await served.inVersion(updated);
    const { deletionGracePeriodSeconds, finalizers } = written.object.metadata;
    if (deletionGracePeriodSeconds === 0 && !finalizers?.length) return await removeNow(deleting);
    return { object: written.object, item: written, gone: false, pending: false };
  } catch (err) {
    if (err === DELETE_NOW) return removeNow(deleting);
    if (err === PENDING) return { object: before!, gone: false, pending: true };
    throw err;
  }
}

/** Those that go as a collection are not named: the request names none. */
async function admitDelete(write: Write, live: ApiObject, options: () => ShownOptions): Promise<void> {
  const { parts, request } = write;
  const named = { ...write, name: request.name, namespace: request.namespace };
  const admission = admissionRequest(named, "DELETE", { previous: live, options });
  await parts.admission.mutate(undefined, admission);
  await parts.admission.validate(undefined, admission);
  request.stages.beginStore();
}

async function removeNow({ served, key, options, admit }: Deleting): Promise<Deleted> {
  if (options.dryRun) {
    const stored = served.cache.get(key);
    if (stored) {
      const { object } = await served.inVersion(stored);
      checkPreconditions(served, object, options);
      await admit(object);
      return { object, gone: true, pending: false };
    }
  }
  const isMarked = served.cache.get(key)?.object.metadata.deletionTimestamp !== undefined;
  let last: Item<any> | undefined;
  const removed = await served.cache.delete(key, async (_current, state) => {
    last = await served.inVersion(state);
    checkPreconditions(served, last.object, isMarked ? { ...options, resourceVersion: undefined } : options);
    await admit(last.object);
  });
  // what was converted for the check need not be again
  const item = served.conversion ? withRevision(last!, removed.revision) : await served.inVersion(removed);
  await served.hooks.afterDelete?.(item.object as never);
  return { object: item.object, item, gone: true, pending: false };
}

type ShownOptions = Readonly<Record<string, unknown>>;

/** DeleteOptions as upstream hands them to admission: a grace period that goes without saying is said. */
function shownDeleteOptions(
  { gracePeriodSeconds, propagationPolicy, orphanDependents, uid, resourceVersion, dryRun }: DeleteOptions,
  grace: Grace | "pending" | undefined,
): ShownOptions {
  const seconds = typeof grace === "object" ? grace.seconds : gracePeriodSeconds;
  const preconditions = {
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
  return {
    kind: "DeleteOptions",
    apiVersion: "meta.k8s.io/v1",
    ...(seconds !== undefined && { gracePeriodSeconds: seconds }),
    ...(Object.keys(preconditions).length > 0 && { preconditions }),
    ...(orphanDependents !== undefined && { orphanDependents }),
    ...(propagationPolicy && { propagationPolicy }),
    ...(dryRun && { dryRun: ["All"] }),
  };
}

export function checkPreconditions(
  served: Served,
  { metadata }: ApiObject,
  { uid, resourceVersion }: DeleteOptions,
): void {
  const wrongUid = uid !== undefined && uid !== metadata.uid;
  const wrongVersion = resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion;
  if (!wrongUid && !wrongVersion) return;
  const [what, wanted, actual] = wrongUid
    ? ["UID", uid, metadata.uid]
    : ["ResourceVersion", resourceVersion, metadata.resourceVersion];
  const name = metadata.name ?? "";
  // upstream's kinds that are deleted in steps look at preconditions themselves, in words of their own
  if (served.hooks.deletion)
    throw conflict(
      served.groupResource,
      name,
      `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${actual}`,
    );
  const { group, kind } = served.shownAs;
  const why = wrongUid ? "deleted and then recreated" : "modified";
  throw conflict(
    { group, resource: kind },
    name,
    `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${actual}). The object might have been ${why}`,
  );
}

function canGoAtOnce(served: Served, live: ApiObject, options: DeleteOptions, now: number): boolean {
  return markDeleting(served, live, options, now) === DELETE_NOW;
}

/** `live` as it must be written to be on its way out, or what to do instead. */
function markDeleting(
  served: Served,
  live: ApiObject,
  options: DeleteOptions,
  now: number,
): ApiObject | typeof DELETE_NOW | typeof PENDING {
  const inSteps = served.hooks.deletion;
  if (inSteps) return inSteps.mark(copyJson(live) as never, formatTime(now)) ?? DELETE_NOW;
  const grace = graceOf(served, live, options, now);
  if (grace === "pending") return PENDING;
  const finalizers = finalizersFor(served, live, options);
  if (!grace && finalizers.length === 0) return DELETE_NOW;

  const object = { ...live, metadata: { ...live.metadata } };
  const { metadata } = object;
  if (finalizers.length > 0) metadata.finalizers = finalizers;
  else delete metadata.finalizers;
  if (!live.metadata.deletionTimestamp && metadata.generation) metadata.generation++;
  if (grace) {
    metadata.deletionTimestamp = grace.deletionTimestamp;
    metadata.deletionGracePeriodSeconds = grace.seconds;
  } else {
    if (!metadata.deletionTimestamp || parseTime(metadata.deletionTimestamp) > now)
      metadata.deletionTimestamp = formatTime(now);
    metadata.deletionGracePeriodSeconds = 0;
  }
  return object;
}

interface Grace {
  readonly deletionTimestamp: string;
  readonly seconds: number;
}

/** When the object shall be gone; undefined for kinds and objects without grace, "pending" when that is settled already. */
function graceOf(
  { resource }: Served,
  live: ApiObject,
  { gracePeriodSeconds }: DeleteOptions,
  now: number,
): Grace | "pending" | undefined {
  if (!resource.gracePeriodSeconds) return undefined;
  const wanted =
    gracePeriodSeconds === undefined ? undefined : gracePeriodSeconds < 0 ? 1 : gracePeriodSeconds;
  const { deletionTimestamp, deletionGracePeriodSeconds } = live.metadata;
  if (!deletionTimestamp) {
    const seconds = gracePeriodFor(resource, live, wanted);
    return { seconds, deletionTimestamp: formatTime(now + seconds * 1000) };
  }
  if (!deletionGracePeriodSeconds) return undefined;
  const current = deletionGracePeriodSeconds < 0 ? 1 : deletionGracePeriodSeconds;
  if (wanted === undefined || wanted >= current) return "pending";
  // shortened: counted from the moment the deletion began
  const moment = parseTime(deletionTimestamp) - current * 1000 + wanted * 1000;
  if (moment >= now) return { seconds: wanted, deletionTimestamp: formatTime(moment) };
  return { seconds: wanted === 0 ? 0 : 1, deletionTimestamp: formatTime(now) };
}

/** Pods that no node has, or that have ended, need no time to end. */
function gracePeriodFor(resource: Served["resource"], live: any, wanted: number | undefined): number {
  const seconds = wanted ?? resource.gracePeriodSeconds!(live);
  const phase = live.status?.phase;
  if (!live.spec?.nodeName || phase === "Failed" || phase === "Succeeded") return 0;
  return seconds < 0 ? 1 : seconds;
}

/** Finalizers after this delete: those there, and the garbage collector's as the propagation policy wants it. */
function finalizersFor({ resource }: Served, { metadata }: ApiObject, options: DeleteOptions): string[] {
  const present = metadata.finalizers ?? [];
  const others = present.filter((name) => name !== ORPHAN && name !== FOREGROUND);
  const propagation = propagationOf(resource, present, options);
  if (propagation === "Orphan") others.push(ORPHAN);
  if (propagation === "Foreground") others.push(FOREGROUND);
  return others;
}

function propagationOf(
  resource: Served["resource"],
  finalizers: readonly string[],
  { orphanDependents, propagationPolicy }: DeleteOptions,
): "Orphan" | "Foreground" | "Background" {
  if (orphanDependents !== undefined) return orphanDependents ? "Orphan" : "Background";
  if (propagationPolicy) return propagationPolicy;
  for (const name of finalizers) {
    if (name === ORPHAN) return "Orphan";
    if (name === FOREGROUND) return "Foreground";
  }
  return resource.defaultPropagation === "orphan" ? "Orphan" : "Background";
}
