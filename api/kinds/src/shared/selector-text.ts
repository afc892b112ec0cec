/** A LabelSelector as the text that `status.selector` of a Scale and wide tables carry: `app=web,tier in (a,b)`. */

import type { LabelSelector } from "../../generated/meta.ts";
import { queryOf } from "./label-selector.ts";

/** Empty for an absent selector, and for one that makes no sense. */
export function selectorText(selector: LabelSelector | undefined): string {
  return selector ? (queryOf(selector)?.toString() ?? "") : "";
}
