/** Volumes that this node cannot provide: the pod waits, and its events say why. */

import { removeTree } from "./mount.ts";
import { defineVolumePlugin, VolumeNotReady } from "./volume.ts";

export const unsupportedVolume = defineVolumePlugin({
  name: "unsupported",
  handles: () => true,
  async setUp({ name, ...source }) {
    const [type = "emptyDir"] = Object.keys(source);
    throw new VolumeNotReady(`volumes of type ${type} are not supported by this node`);
  },
  tearDown: removeTree,
});
