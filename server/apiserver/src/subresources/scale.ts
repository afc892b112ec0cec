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
import { conflict, invalid, notFound } from "@knarr/machinery/status.ts";
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

export const getScale: Handler = (parts, request, served) => {
  const encoding = encodingOf(parts, request);
  const item = served.cache.get(served.keyOf(request.namespace, request.name));
  if (!item) throw notFound(served.groupResource, request.name);
  return objectAnswer(200, SHOWN, scaleOf(served, item.object), undefined, encoding);
};

export const updateScale: Handler = async (parts, request, served) =>
  writeScale(parts, request, served, "UpdateOptions", async (_live, options) =>
    decode(request, SCALE, options),
  );

export const patchScale: Handler = async (parts, request, served) => {
  const type = patchTypeOf(request.body.type);
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
  const isApply = kind === "PatchOptions" && patchTypeOf(request.body.type) === "apply";
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
      const scale = await make(scaleOf(served, live), options);
      checkIdentity(scale, request, served);
      checkScale(scale, live, served);
      return scaled(served, live, scale);
    },
  });
  return objectAnswer(200, SHOWN, scaleOf(served, written.object), undefined, encoding);
}

function checkScale({ spec, metadata }: any, live: ApiObject, { groupResource }: Served): void {
  const errors = new FieldErrors();
  const replicas = spec?.replicas ?? 0;
  if (replicas < 0) errors.at("spec").at("replicas").invalid(replicas, "must be greater than or equal to 0");
  if (errors.list.length > 0) throw invalid(SCALE, metadata.name, errors.list);
  if (metadata.uid && metadata.uid !== live.metadata.uid)
    throw conflict(
      groupResource,
      metadata.name,
      `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${live.metadata.uid}`,
    );
}

export function scaleOf({ resource }: Served, object: any): Scale & { metadata: object } {
  const { specReplicas, statusReplicas, selector } = resource.subresources!.scale!;
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const text = selector(object);
  const replicas = (at(object, specReplicas) as number | undefined) ?? 0;
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { ...(replicas !== 0 && { replicas }) },
    status: {
      replicas: (at(object, statusReplicas) as number | undefined) ?? 0,
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
  else delete object.metadata.resourceVersion;
  return object;
}

function setReplicas({ resource }: Served, object: any, scale: any): void {
  const steps = stepsOf(resource.subresources!.scale!.specReplicas);
  let parent = object;
  for (const step of steps.slice(0, -1)) parent = parent[step] ??= {};
  parent[steps.at(-1)!] = scale.spec?.replicas ?? 0;
}

function at(object: any, path: string): unknown {
  return stepsOf(path).reduce((value, step) => value?.[step], object);
}

/** `.spec.replicas` */
function stepsOf(path: string): string[] {
  return path.split(".").filter(Boolean);
}
