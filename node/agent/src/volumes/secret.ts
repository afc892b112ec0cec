/** The secret volume: keys as files, in memory only, following the object live. */

import { removeTree } from "./mount.ts";
import { secretFiles } from "./payload.ts";
import { publish } from "./publish.ts";
import { defineVolumePlugin } from "./volume.ts";

export const secretVolume = defineVolumePlugin({
  name: "secret",
  live: true,
  handles: (volume) => volume.secret !== undefined,
  async setUp({ name: volume, secret }, context) {
    const { secretName: name = "", items, optional, defaultMode = 0o644 } = secret!;
    const files = secretFiles({ name, items, optional, defaultMode }, context);
    return await publish(volume, files, context, { medium: "memory" });
  },
  tearDown: removeTree,
});
