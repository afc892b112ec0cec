/**
 * `/scale`: how many replicas, in the one shape that all scalable kinds share (autoscaling/v1 Scale). A write to it is a write to the
 * object's own number of replicas.
 */

import { definition } from "@knarr/schema/definitions.ts";
import type { Scale } from "@knarr/kinds/generated/autoscaling-v1.ts";
import type { Column, Resource } from "@knarr/kinds/resource.ts";
import { ageColumn, nameColumn } from "@knarr/kinds/shared/columns.ts";
import { decodeValue, type ExpectedKind } from "@knarr/machinery/decode/decode.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { apply } from "@knarr/machinery/patch/apply.ts";
import { copyJson } from "@knarr/machinery/patch/copy.ts";
import { parentManagedFields, scaleManagedFields } from "@knarr/machinery/patch/scale-fields.ts";
import { trackUpdate } from "@knarr/machinery/patch/track-update.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { badRequest, conflict, internalError, invalid, notFound, plain500 } from "@knarr/machinery/status.ts";
import { goType, goValue } from "@knarr/machinery/patch/go-print.ts";
import { quote } from "@knarr/machinery/quote.ts";
import type { Handler } from "../handlers/handler.ts";
import { encodingOf } from "../handlers/handler.ts";
import { writeOptionsOf } from "../handlers/options.ts";
import { patchTypeOf, patched, appliedObject } from "../handlers/patch.ts";
import { readPatch } from "../handlers/patch-body.ts";
import { checkIdentity } from "../handlers/update.ts";
import { objectAnswer, type Encoding } from "../negotiation/encode.ts";
import type { WholeAnswer } from "../pipeline/answer.ts";
import { scale as scaleResource } from "@knarr/kinds/autoscaling/scale.ts";
import { Served } from "../registry/served.ts";
import { strategyOf } from "../writes/strategy.ts";
import { updateObject } from "../writes/update-object.ts";
import { decode, managerOfWrite, nowText, writeOf, type Write } from "../writes/write.ts";

const SCALE: ExpectedKind = {
  group: "autoscaling",
  version: "v1",
  kind: "Scale",
  schema: definition("io.k8s.api.autoscaling.v1.Scale"),
};

/** Tables of it have its own columns, whatever is scaled: but custom resources have theirs for all of them. */
const SHOWN = new Served(scaleResource, undefined);
const SHOWN_CUSTOM = new Served({ ...scaleResource, columns: customColumns(scaleResource) }, undefined);

function customColumns({ columns }: Resource<Scale>): Column<Scale>[] {
  const [, desired, available] = columns!;
  const wanted = { ...desired!, description: "Number of desired replicas" };
  const actual = { ...available!, description: "Number of actual replicas" };
  return [nameColumn, wanted, actual, { ...ageColumn, type: "date" }];
}

function shown({ isCustom }: Served): Served {
  return isCustom ? SHOWN_CUSTOM : SHOWN;
}

export const getScale: Handler = async (parts, request, served) => {
  const encoding = encodingOf(parts, request);
  const stored = served.cache.get(served.keyOf(request.namespace, request.name));
  if (!stored) throw notFound(served.groupResource, request.name);
  const { object } = await served.inVersion(stored);
  if (served.isCustom && replicasOf(served, object) === undefined)
    throw internalError(new Error(`the spec replicas field ${replicasField(served)} does not exist`));
  return objectAnswer(200, shown(served), scaleOf(served, object), undefined, encoding);
};

export const updateScale: Handler = async (parts, request, served) => {
  const encoding = encodingOf(parts, request);
  const options = writeOptionsOf(request.query, "UpdateOptions");
  const write = writeOf(parts, request, served, options);
  const sent = await decode(request, SCALE, options); // what is wrong with it is said before what it is for is looked up
  return writeScale({ write, encoding, make: async () => sent });
};

export const patchScale: Handler = async (parts, request, served) => {
  const type = patchTypeOf(request.body.type, served);
  const encoding = encodingOf(parts, request);
  const options = writeOptionsOf(request.query, "PatchOptions", { isApply: type === "apply" });
  const write = writeOf(parts, request, served, options);
  const as = { served: { expected: SCALE } as Served, request, options };
  return writeScale({
    write,
    encoding,
    isTracked: type === "apply",
    async make(live) {
      if (type !== "apply") return patched(await readPatch(request, type, options), live, as);
      const applied = await appliedObject(request, options);
      const scale = apply({ ...fieldsAt(write), live, applied, force: options.force });
      return decodeValue(scale, SCALE, "Ignore").object;
    },
  });
};

type Sent = Scale & ApiObject;

interface ScaleWrite {
  readonly write: Write;
  readonly encoding: Encoding;
  /** What the client wants; its managed fields are made already when `isTracked`. */
  make(live: Sent): Promise<any>;
  readonly isTracked?: boolean;
}

/** What field management asks of a Scale. */
function fieldsAt(write: Write) {
  return {
    manager: managerOfWrite(write),
    subresource: "scale",
    apiVersion: SHOWN.apiVersion,
    kind: "Scale",
    time: nowText(write.parts),
    schema: SCALE.schema,
  };
}

async function writeScale({ write, encoding, make, isTracked = false }: ScaleWrite): Promise<WholeAnswer> {
  const { request, served } = write;
  let sent: { readonly object: Sent; readonly previous: Sent };
  const written = await updateObject(write, {
    strategy: { ...strategyOf(served, "")!, subresource: "scale", createOnUpdate: false },
    mayCreate: false,
    tracked: true,
    body: {
      kind: SCALE,
      sent: () => sent,
      of: (object) => scaleOf(served, object),
      into: (object, scale) => takeOver(served, object, scale),
    },
    async make(live) {
      const previous = ownedScaleOf(served, live);
      const object = await make(toChange(served, previous, live));
      if (object.spec?.replicas === UNSET)
        throw badRequest(`the spec replicas field ${replicasField(served)} cannot be empty`);
      checkIdentity(object, request, served);
      if (!isTracked) trackUpdate({ ...fieldsAt(write), live: previous, object });
      sent = { object, previous };
      return copyJson(live);
    },
  });
  return objectAnswer(200, shown(served), scaleOf(served, written.object), undefined, encoding);
}

/** The Scale with who owns its replicas. */
function ownedScaleOf(served: Served, live: ApiObject): Sent {
  const scale = scaleOf(served, live) as Sent;
  const managedFields = scaleManagedFields(live.metadata.managedFields, mappingOf(served));
  return managedFields ? { ...scale, metadata: { ...scale.metadata, managedFields } } : scale;
}

function mappingOf({ apiVersion, resource }: Served) {
  return { apiVersion, path: resource.subresources!.scale!.specReplicas };
}

/** `object` gets the replicas of `scale`, is pinned to its resourceVersion when it has one, and belongs to whom it says. */
function takeOver(served: Served, object: ApiObject, scale: Sent): void {
  checkScale(scale, object, served);
  const steps = stepsOf(served.resource.subresources!.scale!.specReplicas);
  let parent = object as any;
  for (const step of steps.slice(0, -1)) parent = parent[step] ??= {};
  parent[steps.at(-1)!] = scale.spec?.replicas ?? 0;
  const { metadata } = object;
  const { resourceVersion, managedFields } = scale.metadata;
  if (resourceVersion) metadata.resourceVersion = resourceVersion;
  const owned = parentManagedFields(metadata.managedFields, managedFields, mappingOf(served));
  if (owned) metadata.managedFields = owned;
  else delete metadata.managedFields;
}

/** Custom resources have their own rules for the number, and no others. */
function checkScale({ spec, metadata }: Sent, live: ApiObject, { resource, isCustom }: Served): void {
  const errors = new FieldErrors();
  const { name = "", uid } = metadata;
  const replicas = spec?.replicas ?? 0;
  if (replicas < 0 && !isCustom)
    errors.at("spec").at("replicas").invalid(replicas, "must be greater than or equal to 0");
  if (errors.list.length > 0) throw invalid(SCALE, name, errors.list);
  if (uid && uid !== live.metadata.uid)
    throw conflict(
      { group: resource.group, resource: `${resource.plural}/scale` },
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid}`,
    );
}

function scaleOf(served: Served, object: any): Scale & { metadata: object } {
  const { statusReplicas, selector } = served.resource.subresources!.scale!;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const text = selector(object);
  const replicas = replicasOf(served, object) ?? 0;
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { ...(replicas !== 0 && { replicas }) },
    status: {
      replicas: numberAt(served, object, statusReplicas) ?? 0,
      ...(text && { selector: text }),
    },
  };
}

/** What no number of replicas is: where a patch starts from, when there is no number yet. */
const UNSET = -(2 ** 31);

function toChange(served: Served, scale: Sent, live: ApiObject): Sent {
  const isUnset = served.isCustom && replicasOf(served, live) === undefined;
  return isUnset ? { ...scale, spec: { replicas: UNSET } } : scale;
}

function replicasOf(served: Served, object: any): number | undefined {
  return numberAt(served, object, served.resource.subresources!.scale!.specReplicas);
}

function replicasField({ resource }: Served): string {
  return quote(resource.subresources!.scale!.specReplicas);
}

/** Custom resources may have anything where their definition says that there is a number. */
function numberAt({ isCustom }: Served, object: any, path: string): number | undefined {
  const value: unknown = stepsOf(path).reduce((inner, step) => inner?.[step], object);
  if (value !== undefined && isCustom && !Number.isInteger(value))
    throw plain500(
      `.${stepsOf(path).join(".")} accessor error: ${goValue(value)} is of the type ${goType(value)}, expected int64`,
    );
  return value as number | undefined;
}

/** `.spec.replicas` */
function stepsOf(path: string): string[] {
  return path.split(".").filter(Boolean);
}
