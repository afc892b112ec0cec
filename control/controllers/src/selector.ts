/** Label selectors of objects in a cache, each compiled once. One that makes no sense selects nothing. */

import type { LabelSelector as Fields } from "@knarr/kinds/generated/meta.ts";
import { nothing, selectorOf as compile, type LabelSelector } from "@knarr/machinery/labels.ts";

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
