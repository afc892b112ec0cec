/** What an autoscaler scales: anything with a scale subresource, found by its kind. */

import type { Context } from "@knarr/client/controller.ts";
import type { Scale } from "@knarr/kinds/generated/autoscaling-v1.ts";
import type { HorizontalPodAutoscaler } from "@knarr/kinds/generated/autoscaling-v2.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { parseGroupVersion } from "@knarr/machinery/object.ts";
import { isConflict } from "@knarr/machinery/status.ts";
import type { KindOf } from "../remembered-kinds.ts";

export interface ScaleTarget {
  readonly resource: Resource<any>;
  readonly scale: Scale;
}

/** Somebody else writes the target too; as often as client-go tries. */
const TRIES = 5;

/** Throws when there is no such thing, or it has no scale. */
export async function scaleTargetOf(
  { metadata, spec }: HorizontalPodAutoscaler,
  { api, signal }: Context,
  kindOf: KindOf,
): Promise<ScaleTarget> {
  const { apiVersion = "", kind, name } = spec.scaleTargetRef;
  const resource = await kindOf({ apiVersion, kind }, signal);
  if (!resource)
    throw new Error(`no matches for kind "${kind}" in group "${parseGroupVersion(apiVersion).group}"`);
  const scale = await api.getSubresource<Scale>(resource, `${metadata.namespace}/${name}`, "scale");
  return { resource, scale };
}

export async function rescale(
  { resource, scale }: ScaleTarget,
  replicas: number,
  { api }: Context,
): Promise<void> {
  const key = `${scale.metadata.namespace}/${scale.metadata.name}`;
  let latest = scale;
  for (let left = TRIES - 1; ; left--) {
    try {
      await api.updateSubresource(resource, { ...latest, spec: { ...latest.spec, replicas } }, "scale");
      return;
    } catch (err) {
      if (!isConflict(err) || left === 0) throw err;
      latest = await api.getSubresource<Scale>(resource, key, "scale");
    }
  }
}
