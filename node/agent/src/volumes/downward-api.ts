/** The downwardAPI volume: what a pod may know about itself as files, following its labels and annotations live. */

import type { DownwardAPIVolumeFile } from "@knarr/kinds/generated/core-v1.ts";
import { fieldOfPod, resourceOfContainer } from "../downward.ts";
import type { VolumeFile } from "./atomic-writer.ts";
import { removeTree } from "./mount.ts";
import { publish } from "./publish.ts";
import { defineVolumePlugin, type VolumeContext } from "./volume.ts";

export const downwardApiVolume = defineVolumePlugin({
  name: "downward-api",
  live: true,
  handles: (volume) => volume.downwardAPI !== undefined,
  async setUp({ name: volume, downwardAPI }, context) {
    const { items = [], defaultMode = 0o644 } = downwardAPI!;
    return await publish(volume, downwardFiles(items, defaultMode, context), context, { medium: "memory" });
  },
  tearDown: removeTree,
});

export function downwardFiles(
  items: readonly DownwardAPIVolumeFile[],
  defaultMode: number,
  context: VolumeContext,
): Map<string, VolumeFile> {
  const { pod, node } = context;
  return new Map(
    items.map(({ path, mode = defaultMode, fieldRef, resourceFieldRef }) => {
      const data = fieldRef
        ? fieldOfPod(fieldRef.fieldPath, pod, context)
        : resourceFieldRef
          ? resourceOfContainer(resourceFieldRef, pod, node)
          : "";
      return [path, { data, mode }] as const;
    }),
  );
}
