/** Label selectors inside specs, as something to match with. */

import { selectorOf, type LabelSelector as Query } from "@knarr/machinery/labels.ts";
import type { LabelSelector } from "../../generated/meta.ts";

/** The selector as something to match with; undefined when it makes no sense (which has been reported field by field). */
export function queryOf(selector: LabelSelector | undefined): Query | undefined {
  try {
    return selectorOf(selector);
  } catch {
    return undefined; // a SyntaxError is the answer here
  }
}

export function isEmptySelector(selector: LabelSelector): boolean {
  return !selector.matchExpressions?.length && !Object.keys(selector.matchLabels ?? {}).length;
}
