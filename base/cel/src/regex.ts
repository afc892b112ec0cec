/** Regular expressions of RE2's syntax, compiled once and kept: the same few patterns are asked for again and again. */

import { RE2JS } from "re2js";
import { Failure } from "./values.ts";

const known = new Map<string, RE2JS | Failure>();
const MOST_KNOWN = 1000;

/** A pattern, or what Go says is wrong with it: `error parsing regexp: missing closing ]: ...`. */
export function pattern(text: string): RE2JS | Failure {
  const found = known.get(text);
  if (found) return found;
  if (known.size >= MOST_KNOWN) known.clear();
  const compiled = compile(text);
  known.set(text, compiled);
  return compiled;
}

function compile(text: string): RE2JS | Failure {
  try {
    return RE2JS.compile(text);
  } catch (error) {
    return new Failure((error as Error).message);
  }
}

/** Whether the pattern is found anywhere in `text`. */
export function isFound(text: string, regex: string): boolean | Failure {
  const compiled = pattern(regex);
  return compiled instanceof Failure ? compiled : compiled.matcher(text).find();
}
