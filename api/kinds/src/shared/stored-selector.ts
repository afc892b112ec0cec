/** Label selectors of objects in a cache, each compiled once. One that makes no sense selects nothing. */

import type { LabelSelector as Fields } from "../../generated/meta.ts";
import {
  nothing,
  selectorOf as compile,
  selectorOfLabels,
  type LabelSelector,
} from "@knarr/machinery/labels.ts";

const compiled = new WeakMap<object, LabelSelector>();

export function selectorOf(fields: Fields | undefined): LabelSelector {
  if (!fields) return nothing;
  let selector = compiled.get(fields);
  if (!selector) compiled.set(fields, (selector = compileOrNothing(fields)));
  return selector;
}

function compileOrNothing(fields: Fields): LabelSelector {
  try {
    return compile(fields);
  } catch (err) {
    if (err instanceof SyntaxError) return nothing; // stored before validation knew better
    throw err;
  }
}

const ofMaps = new WeakMap<object, LabelSelector>();

/** The selector that asks for all of these labels, as older kinds have it. Nothing when there are none. */
export function selectorOfMap(labels: Readonly<Record<string, string>> | undefined): LabelSelector {
  if (!labels || !Object.keys(labels).length) return nothing;
  let selector = ofMaps.get(labels);
  if (!selector) ofMaps.set(labels, (selector = selectorOfLabels(labels)));
  return selector;
}
