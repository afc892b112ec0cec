/** The configMap volume: keys as files, on disk, following the object live. */

import { removeTree } from "./mount.ts";
import { configMapFiles } from "./payload.ts";
import { publish } from "./publish.ts";
import { defineVolumePlugin } from "./volume.ts";

export const configMapVolume = defineVolumePlugin({
  name: "configmap",
  live: true,
  handles: (volume) => volume.configMap !== undefined,
  async setUp({ name: volume, configMap }, context) {
    const { name = "", items, optional, defaultMode = 0o644 } = configMap!;
    const files = configMapFiles({ name, items, optional, defaultMode }, context);
    return await publish(volume, files, context, { medium: "disk" });
  },
  tearDown: removeTree,
});
