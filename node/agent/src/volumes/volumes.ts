/**
 * The volume types this node offers. The first that handles a volume gets it; `unsupported` handles what is left,
 * and says so.
 */

import { configMapVolume } from "./config-map.ts";
import { downwardApiVolume } from "./downward-api.ts";
import { emptyDirVolume } from "./empty-dir.ts";
import { hostPathVolume } from "./host-path.ts";
import { projectedVolume } from "./projected.ts";
import { secretVolume } from "./secret.ts";
import { unsupportedVolume } from "./unsupported.ts";
import type { VolumePlugin } from "./volume.ts";

export const volumePlugins: readonly VolumePlugin[] = [
  configMapVolume,
  downwardApiVolume,
  emptyDirVolume,
  hostPathVolume,
  projectedVolume,
  secretVolume,
  unsupportedVolume,
];
