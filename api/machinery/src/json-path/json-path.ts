/**
 * JSONPath as Kubernetes has it in printer columns and selectable fields: one path into one object.
 *
 *     .spec.replicas    .metadata.annotations['a\.b']    .status.conditions[?(@.type=="Ready")].status    .items[0:2].*    ..name
 *
 * A path is a list of steps, and each makes of some values others: `.items` of a value its member, `[*]` of a list its items. What is not
 * there gives nothing and is no error; a list where there is an object, or a comparison of a number with a text, is one.
 */

import { goValue } from "../patch/go-print.ts";
import { goMapJson } from "../quote.ts";
import { parseSteps } from "./parse.ts";
import { walk, type Step } from "./steps.ts";

export class JsonPath {
  readonly #steps: readonly Step[];

  /** Throws SyntaxError, in upstream's words, for what is no path. */
  constructor(text: string) {
    this.#steps = parseSteps(text);
  }

  /** All values at the path, in order. Throws TypeError where a step cannot be taken. */
  find(object: unknown): readonly unknown[] {
    return walk([object], this.#steps);
  }

  /** The first value; undefined when there is none or the path leads nowhere. */
  first(object: unknown): unknown {
    try {
      return this.find(object)[0];
    } catch (err) {
      if (err instanceof TypeError || err instanceof RangeError) return undefined;
      throw err;
    }
  }
}

/** A value as tables print it: texts as they are, objects and lists as JSON. */
export function printed(value: unknown): string {
  if (value === null || value === undefined) return "<no value>";
  if (typeof value !== "object") return goValue(value);
  return goMapJson(value);
}
