/**
 * `/scale`: how many replicas, in the one shape that all scalable kinds share (autoscaling/v1 Scale). A write to it is a write to the
 * object's own number of replicas.
 */

import { definition } from "@knarr/schema/definitions.ts";
import type { Scale } from "@knarr/kinds/generated/autoscaling-v1.ts";
import { decodeValue, type ExpectedKind } from "@knarr/machinery/decode/decode.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { copyJson } from "@knarr/machinery/patch/copy.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { badRequest, conflict, internalError, invalid, notFound } from "@knarr/machinery/status.ts";
import { goType, goValue } from "@knarr/machinery/patch/go-print.ts";
import { quote } from "@knarr/machinery/quote.ts";
import { plain500 } from "../writes/create-object.ts";
import type { Handler } from "../handlers/handler.ts";
import { encodingOf } from "../handlers/handler.ts";
import { writeOptionsOf } from "../handlers/options.ts";
import { patchTypeOf, patched, appliedObject } from "../handlers/patch.ts";
import { readPatch } from "../handlers/patch-body.ts";
import { checkIdentity } from "../handlers/update.ts";
import { objectAnswer } from "../negotiation/encode.ts";
import { scale as scaleResource } from "@knarr/kinds/autoscaling/scale.ts";
import { Served } from "../registry/served.ts";
import { strategyOf } from "../writes/strategy.ts";
import { updateObject } from "../writes/update-object.ts";
import { decode, writeOf } from "../writes/write.ts";

const SCALE: ExpectedKind = {
  group: "autoscaling",
  version: "v1",
  kind: "Scale",
  schema: definition("io.k8s.api.autoscaling.v1.Scale"),
};

/** Tables of it have its own columns, whatever is scaled. */
const SHOWN = new Served(scaleResource, undefined);

export const getScale: Handler = async (parts, request, served) => {
  const encoding = encodingOf(parts, request);
  const stored = served.cache.get(served.keyOf(request.namespace, request.name));
  if (!stored) throw notFound(served.groupResource, request.name);
  const { object } = await served.inVersion(stored);
  if (served.isCustom && replicasOf(served, object) === undefined)
    throw internalError(new Error(`the spec replicas field ${replicasField(served)} does not exist`));
  return objectAnswer(200, SHOWN, scaleOf(served, object), undefined, encoding);
};

export const updateScale: Handler = async (parts, request, served) =>
  writeScale(parts, request, served, "UpdateOptions", async (_live, options) =>
    decode(request, SCALE, options),
  );

export const patchScale: Handler = async (parts, request, served) => {
  const type = patchTypeOf(request.body.type, served);
  return writeScale(parts, request, served, "PatchOptions", async (live, options) => {
    const as = { served: { expected: SCALE } as Served, request, options };
    if (type !== "apply") return patched(type, live, await readPatch(request, type, options), as);
    // Only one field can be applied here, so there is nothing to merge.
    return decodeValue(await appliedObject(request, options), SCALE, "Ignore").object;
  });
};

type MakeScale = (live: Scale, options: ReturnType<typeof writeOptionsOf>) => Promise<any>;

async function writeScale(
  parts: Parameters<Handler>[0],
  request: Parameters<Handler>[1],
  served: Served,
  kind: "UpdateOptions" | "PatchOptions",
  make: MakeScale,
) {
  const encoding = encodingOf(parts, request);
  const isApply = kind === "PatchOptions" && patchTypeOf(request.body.type, served) === "apply";
  const options = writeOptionsOf(request.query, kind, { isApply });
  const written = await updateObject(writeOf(parts, request, served, options), {
    strategy: { ...strategyOf(served, "")!, subresource: "scale", createOnUpdate: false },
    mayCreate: false,
    tracked: false,
    body: {
      kind: SCALE,
      of: (object) => scaleOf(served, object),
      into: (object, scale) => setReplicas(served, object, scale),
    },
    async make(live) {
      const scale = await make(scaleToChange(served, live), options);
      if (scale.spec?.replicas === UNSET)
        throw badRequest(`the spec replicas field ${replicasField(served)} cannot be empty`);
      checkIdentity(scale, request, served);
      checkScale(scale, live, served);
      return scaled(served, live, scale);
    },
  });
  return objectAnswer(200, SHOWN, scaleOf(served, written.object), undefined, encoding);
}

/** Custom resources have their own rules for the number, and no others. */
function checkScale({ spec, metadata }: any, live: ApiObject, { groupResource, isCustom }: Served): void {
  const errors = new FieldErrors();
  const replicas = spec?.replicas ?? 0;
  if (replicas < 0 && !isCustom)
    errors.at("spec").at("replicas").invalid(replicas, "must be greater than or equal to 0");
  if (errors.list.length > 0) throw invalid(SCALE, metadata.name, errors.list);
  if (metadata.uid && metadata.uid !== live.metadata.uid)
    throw conflict(
      groupResource,
      metadata.name,
      `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${live.metadata.uid}`,
    );
}

export function scaleOf(served: Served, object: any): Scale & { metadata: object } {
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

/** `live` with the replicas of `scale`, pinned to its resourceVersion when it has one. */
function scaled(served: Served, live: ApiObject, scale: any): ApiObject {
  const object: any = copyJson(live);
  setReplicas(served, object, scale);
  const { resourceVersion } = scale.metadata;
  if (resourceVersion) object.metadata.resourceVersion = resourceVersion;
  return object;
}

function setReplicas({ resource }: Served, object: any, scale: any): void {
  const steps = stepsOf(resource.subresources!.scale!.specReplicas);
  let parent = object;
  for (const step of steps.slice(0, -1)) parent = parent[step] ??= {};
  parent[steps.at(-1)!] = scale.spec?.replicas ?? 0;
}

/** What no number of replicas is: where a patch starts from, when there is no number yet. */
const UNSET = -(2 ** 31);

function scaleToChange(served: Served, live: any): Scale {
  const scale = scaleOf(served, live);
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
