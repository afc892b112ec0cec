/** Which Knarr this is, and which Kubernetes it speaks. */

import { readFileSync } from "node:fs";

export const KUBERNETES_VERSION = "v1.36.3";

export const KNARR_VERSION: string = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
).version;

/** `Knarr 0.1.0 (Kubernetes v1.36.3)` */
export function versionText(): string {
  return `Knarr ${KNARR_VERSION} (Kubernetes ${KUBERNETES_VERSION})`;
}
