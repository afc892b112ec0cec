/**
 * The admission plugins that are on, in upstream's order. A new one is one file beside this one and one line here.
 */

import type { Clock } from "@knarr/std/clock.ts";
import type { Access } from "../access.ts";
import type { Caches } from "../cache/cache.ts";
import type { AdmissionPlugin } from "./plugin.ts";

/** What plugins may need beyond the world they are shown. */
export interface PluginContext {
  readonly access: Access;
  readonly caches: Caches;
  readonly clock: Clock;
}

export function admissionPlugins(context: PluginContext): readonly AdmissionPlugin[] {
  void context;
  return [];
}
