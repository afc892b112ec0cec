/**
 * Making an object: what POST does, and PUT and apply when there is none yet. In order, as upstream: managed fields, mutating
 * admission, system metadata, reservations, preparation, validation, validating admission, storage.
 */

import { randomInt, randomUUID } from "node:crypto";
import { FieldErrors } from "@knarr/machinery/field.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { zeroObject } from "@knarr/machinery/decode/convert.ts";
import { withoutEmpties } from "@knarr/machinery/decode/empties.ts";
import { planOf } from "@knarr/machinery/decode/plan.ts";
import { trackUpdate } from "@knarr/machinery/patch/track-update.ts";
import {
  ApiError,
  alreadyExists,
  generateNameConflict,
  invalid,
  isAlreadyExists,
  plain500,
} from "@knarr/machinery/status.ts";
import type { Item } from "../cache/cache.ts";
import { mayHaveHappened } from "../cache/caught-up.ts";
import { after } from "../pipeline/at-once.ts";
import type { Reservation } from "../registry/hooks.ts";
import type { Served } from "../registry/served.ts";
import { mergeEqualOwners, validateMetadata } from "./metadata-rules.ts";
import { hasGeneration, strategyOf } from "./strategy.ts";
import { admissionRequest } from "./admission-request.ts";
import {
  managerOfWrite,
  nowText,
  placeInNamespace,
  setManagedFields,
  type Write,
  type Written,
} from "./write.ts";

/** The letters of generated names: none that make words, none that look alike. */
const LETTERS = "bcdfghjklmnpqrstvwxz2456789";
const MAX_PREFIX = 58;
/** How many generated names are tried. */
const MAX_ATTEMPTS = 8;

/** Creates `given`, which is used up. `tracked`: its managedFields are made already (apply). */
export async function createObject(
  write: Write,
  given: ApiObject,
  { tracked = false }: { readonly tracked?: boolean } = {},
): Promise<Written> {
  const { served, options } = write;
  const cache = served.cache;
  const admission = await admitted(write, given, tracked);
  const reservation = await prepareCreate(write, given);
  let checked = admission;
  try {
    await validateCreate(write, given);
    const object = withoutEmpties(given, served.expected.schema);
    const { name = "", namespace = "" } = object.metadata;
    // A generated name is known by now.
    if (!admission.name) checked = admissionRequest({ ...write, name }, "CREATE");
    await write.parts.admission.validate(object, checked);
    const key = served.keyOf(namespace, name);
    if (options.dryRun) {
      const existing = cache.get(key);
      if (existing) throw taken(served, object, existing);
      return { object: await served.roundTrip(object), created: true };
    }
    if (object.metadata.resourceVersion)
      throw plain500("resourceVersion should not be set on objects to be created");
    const stored = await served.storedForm(object);
    write.request.stages.beginStore();
    const created = await cache.create(key, stored).catch((err: unknown) => {
      throw isAlreadyExists(err) ? taken(served, object, cache.get(key)) : err;
    });
    await reservation?.commit?.();
    const item = await served.inVersion(created);
    return { object: item.object, item, created: true };
  } catch (err) {
    if (mayHaveHappened(err)) throw err;
    await reservation?.undo?.();
    for (const giveBack of checked.givesBack) await giveBack();
    throw err;
  }
}

/** Managed fields and mutating admission; gives the request that validating admission is asked with. */
async function admitted(write: Write, object: ApiObject, tracked: boolean) {
  const { parts, request, served } = write;
  if (!tracked) {
    const { schema } = served.expected;
    const stated = withoutEmpties(object, schema, { keepsWritten: true });
    trackUpdate({
      live: undefined,
      object: stated,
      manager: managerOfWrite(write),
      subresource: write.subresource,
      apiVersion: served.apiVersion,
      time: nowText(parts),
      schema,
      filter: strategyOf(served, "")?.filter,
    });
    setManagedFields(object, stated);
  }
  const admission = admissionRequest(
    write.name ? write : { ...write, name: object.metadata.name ?? "" },
    "CREATE",
  );
  await parts.admission.mutate(object, admission);
  mergeEqualOwners(object.metadata, (text) => request.warn(text), { afterAdmission: true });
  return admission;
}

function prepareCreate(write: Write, object: any): Reservation | void | Promise<Reservation | void> {
  const { served, options, parts } = write;
  const { metadata } = object as ApiObject;
  const { resource } = served;
  const now = (metadata.creationTimestamp = nowText(parts));
  metadata.uid = randomUUID();
  if (metadata.generateName && !metadata.name) metadata.name = freeName(served, metadata);
  placeInNamespace(object, served.namespaced ? write.namespace : "");
  const { dryRun } = options;
  const { user } = write.request;
  return after(served.hooks.beginCreate?.(object, { dryRun, user }), (reservation) => {
    clearStatus(object, served);
    if (hasGeneration(resource, object)) metadata.generation = 1;
    resource.prepareForCreate?.(object);
    resource.stamp?.(object, now);
    return reservation;
  });
}

/** Status is for `/status`: what a create sends of it is dropped. What Go writes for an empty one stays. */
function clearStatus(object: any, { resource, expected }: Served): void {
  const status = resource.subresources?.status;
  if (!status || (status !== true && status.writtenOnCreate)) return;
  const field = planOf(expected.schema).byName.get("status");
  if (field?.fill === "struct") object.status = zeroObject(field.plan.schema);
  else delete object.status;
}

function validateCreate(write: Write, object: ApiObject): void | Promise<void> {
  const { served, request } = write;
  const { resource } = served;
  const errors = new FieldErrors();
  return after(served.hooks.validate?.(object, undefined, { errors, request }), () => {
    validateMetadata(object.metadata, served, errors);
    resource.validate?.(object, errors);
    if (errors.list.length > 0) throw invalid(served.shownAs, object.metadata.name ?? "", errors.list);
    for (const warning of resource.warnings?.(object) ?? []) request.warn(warning);
  });
}

/** A generated name that is not taken; the last one tried when all are. */
function freeName(served: Served, { generateName = "", namespace = "" }: ApiObject["metadata"]): string {
  let name = "";
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    name = generateName.slice(0, MAX_PREFIX);
    for (let i = 0; i < 5; i++) name += LETTERS[randomInt(LETTERS.length)];
    if (!served.cache.get(served.keyOf(namespace, name))) break;
  }
  return name;
}

function taken(
  { groupResource }: Served,
  { metadata }: ApiObject,
  existing: Item<any> | undefined,
): ApiError {
  const { name = "", generateName } = metadata;
  if (generateName) return generateNameConflict(groupResource, name, 1);
  const err = alreadyExists(groupResource, name);
  return existing?.object.metadata.deletionTimestamp
    ? new ApiError(err.reason, `object is being deleted: ${err.message}`, err.details)
    : err;
}
