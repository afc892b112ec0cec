/** An object of one version as another has it, for those who asked for that one. */

import type { Resource } from "@knarr/kinds/resource.ts";
import { copyJson } from "@knarr/machinery/patch/copy.ts";

/** The same object when there is nothing to convert; otherwise one that shares nothing with it. */
export async function converted(object: any, from: Resource<any>, to: Resource<any>): Promise<any> {
  if (from === to) return object;
  const copy = copyJson(object);
  const hub = from.stored ? from.stored.toHub(copy) : copy;
  return to.stored ? to.stored.fromHub(hub) : hub;
}
