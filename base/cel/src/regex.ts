/** Regular expressions of RE2's syntax, compiled once and kept: the same few patterns are asked for again and again. */

import { RE2JS } from "re2js";
import { remembering } from "@knarr/std/remember.ts";
import { Failure } from "./values.ts";

/** A pattern, or what Go says is wrong with it: `error parsing regexp: missing closing ]: ...`. */
export const pattern = remembering(1000, (text: string): RE2JS | Failure => {
  try {
    return RE2JS.compile(text);
  } catch (error) {
    return new Failure((error as Error).message);
  }
});

/** Whether the pattern is found anywhere in `text`. */
export function isFound(text: string, regex: string): boolean | Failure {
  const compiled = pattern(regex);
  return compiled instanceof Failure ? compiled : compiled.matcher(text).find();
}
