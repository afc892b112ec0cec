/**
 * Deleting: at once, gracefully (pods: a moment is set and the node's agent ends it), or held by finalizers. Upstream's BeforeDelete and
 * the delete of its generic registry.
 */

import type { ApiObject } from "@knarr/machinery/object.ts";
import { copyJson } from "@knarr/machinery/patch/copy.ts";
import { conflict } from "@knarr/machinery/status.ts";
import { formatTime, parseTime } from "@knarr/machinery/time.ts";
import type { Item } from "../cache/cache.ts";
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
  readonly write: Write;
  readonly options: DeleteOptions;
  readonly key: string;
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
  const key = served.keyOf(namespace, name);
  const now = parts.clock.now();
  const admit = async (live: ApiObject): Promise<void> => {
    if (!isAdmitted) await admitDelete(write, live, { options, now });
  };
  const deleting: Deleting = { write, options, key, admit };
  const item = served.cache.get(key);
  if (item && canGoAtOnce(served, served.shown(item), options, now)) return removeNow(deleting);

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
    if (write.options.dryRun) {
      if (!item) return await removeNow(deleting); // says that it is not there
      const object = await mark(served.shown(item));
      return { object, gone: false, pending: false };
    }
    const written = await served.cache.update(key, async (_current, state) =>
      served.storedForm(await mark(served.shown(state))),
    );
    const object = served.shown(written);
    const { deletionGracePeriodSeconds, finalizers } = object.metadata;
    if (deletionGracePeriodSeconds === 0 && !finalizers?.length) return await removeNow(deleting);
    return { object, item: written, gone: false, pending: false };
  } catch (err) {
    if (err === DELETE_NOW) return removeNow(deleting);
    if (err === PENDING) return { object: before!, gone: false, pending: true };
    throw err;
  }
}

/** Those that go as a collection are not named: the request names none. */
async function admitDelete(
  write: Write,
  live: ApiObject,
  { options, now }: { readonly options: DeleteOptions; readonly now: number },
): Promise<void> {
  const { parts, request, served } = write;
  const named = { ...write, name: request.name, namespace: request.namespace };
  const admission = admissionRequest(named, "DELETE", {
    previous: live,
    options: () => shownDeleteOptions(options, graceOf(served, live, options, now)),
  });
  await parts.admission.mutate(undefined, admission);
  await parts.admission.validate(undefined, admission);
}

async function removeNow({ write, key, options, admit }: Deleting): Promise<Deleted> {
  const { served } = write;
  if (write.options.dryRun) {
    const item = served.cache.get(key);
    if (item) {
      await admit(served.shown(item));
      checkPreconditions(served, served.shown(item), options);
      return { object: served.shown(item), gone: true, pending: false };
    }
  }
  const isMarked = served.cache.get(key)?.object.metadata.deletionTimestamp !== undefined;
  const item = await served.cache.delete(key, async (current) => {
    const live = served.resource.stored ? served.resource.stored.fromHub(copyJson(current)) : current;
    checkPreconditions(served, live, isMarked ? { ...options, resourceVersion: undefined } : options);
    await admit(live);
  });
  const object = served.shown(item);
  served.hooks.afterDelete?.(object as never);
  return { object, item, gone: true, pending: false };
}

/** DeleteOptions as upstream hands them to admission: a grace period that goes without saying is said. */
function shownDeleteOptions(
  { gracePeriodSeconds, propagationPolicy, orphanDependents, uid, resourceVersion, dryRun }: DeleteOptions,
  grace: Grace | "pending" | undefined,
): Readonly<Record<string, unknown>> {
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
  { shownAs }: Served,
  { metadata }: ApiObject,
  { uid, resourceVersion }: DeleteOptions,
): void {
  const groupKind = { group: shownAs.group, resource: shownAs.kind };
  const name = metadata.name ?? "";
  if (uid !== undefined && uid !== metadata.uid)
    throw conflict(
      groupKind,
      name,
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    );
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion)
    throw conflict(
      groupKind,
      name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`,
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
