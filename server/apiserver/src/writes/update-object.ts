/**
 * Changing an object: what PUT, PATCH and the writing subresources have in common. The change is made from the state that is current
 * when it is written, and made anew when somebody else wrote first; only a resourceVersion in the change pins it to a state.
 *
 * The last finalizer gone from an object that is being deleted ends it: then the write is a delete.
 */

import { storagePath } from "@knarr/kinds/resource.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { withoutEmpties } from "@knarr/machinery/decode/empties.ts";
import { keepTimes, trackUpdate } from "@knarr/machinery/patch/track-update.ts";
import { type ApiError, conflict, invalid, notFound, OBJECT_MODIFIED } from "@knarr/machinery/status.ts";
import type { Item } from "../cache/cache.ts";
import { mayHaveHappened } from "../cache/caught-up.ts";
import type { Reservation } from "../registry/hooks.ts";
import { withVerb, type GroupVersionKind } from "../request.ts";
import { authorizeOrRefuse } from "../pipeline/authorize.ts";
import { createObject } from "./create-object.ts";
import { mergeEqualOwners, validateMetadataUpdate } from "./metadata-rules.ts";
import type { Strategy } from "./strategy.ts";
import { admissionRequest } from "./admission-request.ts";
import {
  managerOfWrite,
  nowText,
  placeInNamespace,
  setManagedFields,
  type Write,
  type Written,
} from "./write.ts";

export interface Change {
  readonly strategy: Strategy;
  /** The object may be made when there is none. */
  readonly mayCreate: boolean;
  /** Whether managedFields are made already by `make` (apply), and with upstream's times. */
  readonly tracked: boolean;
  /**
   * The object as it shall be, in the version of the request: new, not frozen. `live` is undefined when there is none. May be
   * called again, with another state.
   */
  make(live: any): ApiObject | Promise<ApiObject>;
  /** The object must be this one: looked at before anything else. */
  readonly uid?: string | undefined;
  /** For a subresource with a body of its own: that is what admission sees and may change. */
  readonly body?: SubresourceBody;
}

export interface SubresourceBody {
  readonly kind: GroupVersionKind;
  /** As the client wants it, and as it was; after `make`. Mutating admission may change the first. */
  sent(): { readonly object: any; readonly previous: any };
  /** Takes over into `object` what admission made of its body. Throws ApiError for a body that may not be. */
  into(object: any, body: any): void;
  /** The body that `object` has. */
  of(object: any): any;
}

/** Thrown out of the cache's update when the change ends the object instead. */
class Emptied extends Error {
  readonly object: ApiObject;
  readonly revision: number;

  constructor(object: ApiObject, revision: number) {
    super("the last finalizer is gone");
    this.object = object;
    this.revision = revision;
  }
}

export async function updateObject(write: Write, change: Change): Promise<Written> {
  const { served, options, name, namespace } = write;
  const { cache } = served;
  const key = served.keyOf(namespace, name);
  if (!cache.get(key)) {
    cache.checkReadable(key);
    if (!change.mayCreate) throw notFound(served.groupResource, name);
    return createInstead(write, change);
  }
  let reservation: Reservation | undefined;
  try {
    if (options.dryRun) {
      const item = cache.get(key)!;
      const { object, undo } = await changed(write, change, item);
      await undo.undo?.();
      return { object: await served.roundTrip(object), created: false };
    }
    const updated = await cache.update(key, async (_current, item) => {
      await reservation?.undo?.();
      reservation = undefined;
      const result = await changed(write, change, item);
      reservation = result.undo;
      write.request.stages.beginStore();
      return served.storedForm(result.object);
    });
    await reservation?.commit?.();
    const item = await served.inVersion(updated);
    return { object: item.object, item, created: false };
  } catch (err) {
    if (err instanceof Emptied) return deleteInstead(write, key, err);
    if (!mayHaveHappened(err)) await reservation?.undo?.();
    throw err;
  }
}

async function changed(
  write: Write,
  change: Change,
  item: Item<any>,
): Promise<{ object: ApiObject; undo: Reservation }> {
  const { served, request, parts, options } = write;
  const { strategy } = change;
  const { object: live } = await served.inVersion(item);
  if (change.uid && change.uid !== live.metadata.uid) throw otherUid(write, change.uid, live.metadata.uid);
  let object = await change.make(live);
  if (!change.tracked) await track(write, strategy, live, object);
  const { body } = change;
  const sent = body?.sent() ?? { object, previous: live };
  const admission = admissionRequest(write, "UPDATE", { ...sent, kind: body?.kind });
  await parts.admission.mutate(sent.object, admission);
  body?.into(object, sent.object);
  mergeEqualOwners(object.metadata, (text) => request.warn(text), { afterAdmission: true });

  checkVersion(write, strategy, object, live);
  const reserved =
    strategy.subresource === ""
      ? ((await served.hooks.beginUpdate?.(object as never, live as never, {
          dryRun: options.dryRun,
          user: request.user,
        })) ?? undefined)
      : undefined;
  const undo: Reservation = {
    commit: () => reserved?.commit?.(),
    async undo() {
      await reserved?.undo?.();
      for (const giveBack of admission.givesBack.splice(0)) await giveBack();
    },
  };
  try {
    prepare(write, strategy, object, live);
    await validate(write, strategy, object, live);
    object = withoutEmpties(object, served.expected.schema);
    keepTimes(live, object);
    if (body) {
      const asStored = { previous: body.of(live), kind: body.kind };
      await parts.admission.validate(body.of(object), admissionRequest(write, "UPDATE", asStored));
    } else await parts.admission.validate(object, admission);
    if (
      endsObject(object, live) &&
      (served.hooks.mayDeleteOnUpdate?.(object as never, live as never) ?? true)
    )
      throw options.dryRun ? undefined : new Emptied(object, item.revision);
  } catch (err) {
    if (err === undefined) return { object, undo };
    await undo.undo?.();
    throw err;
  }
  return { object, undo };
}

async function track(write: Write, { filter }: Strategy, live: ApiObject, object: ApiObject): Promise<void> {
  const { served, parts, subresource } = write;
  const { schema } = served.expected;
  const stated = withoutEmpties(object, schema, { keepsWritten: true });
  const tracking = {
    live,
    object: stated,
    manager: managerOfWrite(write),
    subresource,
    apiVersion: served.apiVersion,
    time: nowText(parts),
    schema,
    filter,
  };
  if (!served.conversion) trackUpdate(tracking);
  else
    await served.conversion.withVersions((inVersion) =>
      trackUpdate({ ...tracking, inVersion: (apiVersion) => inVersion(apiVersion, tracking) }),
    );
  setManagedFields(object, stated);
}

/** Upstream shows where it stores things here; the words are known to clients, so they stand here, too. */
function otherUid({ served, name, namespace }: Write, wanted: string, actual = ""): ApiError {
  const key = `/registry/${storagePath(served.cache.resource)}/${served.keyOf(namespace, name)}`;
  const why = `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${actual}`;
  return conflict(
    served.groupResource,
    name,
    `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`,
  );
}

function checkVersion(
  { served, name }: Write,
  { unconditional }: Strategy,
  object: ApiObject,
  live: ApiObject,
): void {
  const given = object.metadata.resourceVersion ?? "";
  const isNone = given === "" || given === "0";
  const { groupResource } = served;
  if (isNone && unconditional) {
    object.metadata.resourceVersion = live.metadata.resourceVersion!;
  } else if (isNone) {
    const errors = new FieldErrors();
    errors.at("metadata").at("resourceVersion").invalid(0, "must be specified for an update");
    throw invalid({ group: groupResource.group, kind: groupResource.resource }, name, errors.list);
  } else if (given !== live.metadata.resourceVersion) {
    throw conflict(groupResource, name, OBJECT_MODIFIED);
  }
}

/** Upstream's BeforeUpdate up to validation: what an update keeps whatever it says. */
function prepare(
  { parts, served, namespace }: Write,
  strategy: Strategy,
  object: ApiObject,
  live: ApiObject,
): void {
  placeInNamespace(object, served.namespaced ? namespace : "");
  const { metadata } = object;
  const before = live.metadata;
  if (before.generation === undefined) delete metadata.generation;
  else metadata.generation = before.generation;
  strategy.prepare(object, live, nowText(parts));
  if (!metadata.uid && before.uid !== undefined) metadata.uid = before.uid;
  if (before.creationTimestamp) metadata.creationTimestamp = before.creationTimestamp;
  if (before.deletionTimestamp) metadata.deletionTimestamp = before.deletionTimestamp;
  if (before.deletionGracePeriodSeconds !== undefined)
    metadata.deletionGracePeriodSeconds ??= before.deletionGracePeriodSeconds;
  delete metadata.selfLink;
}

async function validate(
  { served, request }: Write,
  strategy: Strategy,
  object: ApiObject,
  live: ApiObject,
): Promise<void> {
  const errors = new FieldErrors();
  await served.hooks.validate?.(object as never, live as never, { errors, request });
  const { subresource } = strategy;
  validateMetadataUpdate(object.metadata, live.metadata, served, { errors, subresource });
  strategy.validate(object, live, errors);
  if (errors.list.length > 0) throw invalid(served.shownAs, object.metadata.name ?? "", errors.list);
  for (const warning of strategy.warnings(object, live)) request.warn(warning);
}

function endsObject({ metadata }: ApiObject, { metadata: before }: ApiObject): boolean {
  return (
    !metadata.finalizers?.length &&
    before.deletionTimestamp !== undefined &&
    !before.deletionGracePeriodSeconds
  );
}

async function deleteInstead(
  { served }: Write,
  key: string,
  { object, revision }: Emptied,
): Promise<Written> {
  const item = await served.cache.delete(key, (current) => {
    if (current.metadata.resourceVersion !== String(revision))
      throw conflict(served.groupResource, object.metadata.name ?? "", OBJECT_MODIFIED);
  });
  await served.hooks.afterDelete?.(item.object as never);
  return { object, created: false };
}

/** There is no such object, and this write may make it: for who may create. */
async function createInstead(write: Write, change: Change): Promise<Written> {
  const { served, request, parts, name } = write;
  const object = await change.make(undefined);
  if (object.metadata.uid) {
    const what = change.tracked
      ? "uid mismatch: the provided object specified uid"
      : "Precondition failed: UID in precondition:";
    const rest = change.tracked ? ", and no existing object was found" : ", UID in object meta: ";
    throw conflict(served.groupResource, name, `${what} ${object.metadata.uid}${rest}`);
  }
  await authorizeOrRefuse(parts.authorization, withVerb(request, "create"));
  delete object.metadata.resourceVersion;
  return createObject(write, object, { tracked: change.tracked });
}
