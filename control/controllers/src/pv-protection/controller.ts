/** PV protection: a volume stays for as long as it is bound to a claim. */

import { persistentVolume } from "@knarr/kinds/core/persistent-volume.ts";
import type { PersistentVolume } from "@knarr/kinds/generated/core-v1.ts";
import { protectionController } from "../protection.ts";

export const pvProtectionController = protectionController<PersistentVolume>({
  name: "pv-protection",
  for: persistentVolume,
  isUsed: ({ status }) => status?.phase === "Bound",
});
