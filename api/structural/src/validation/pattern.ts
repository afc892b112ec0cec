/**
 * Patterns of schemas: regular expressions as Go reads them (RE2), in time linear to the text, because whoever may write
 * an object decides on the text.
 */

import { remembering } from "@knarr/std/remember.ts";
import { RE2JS } from "re2js";

export interface Pattern {
  test(text: string): boolean;
}

/** Schemas of a cluster have some hundreds; those of schemas long gone are not worth more than this. */
const MOST = 2000;

/** Compiled when first needed. A pattern that Go cannot read matches nothing: definitions are refused for it. */
export const patternOf = remembering(MOST, (pattern: string): Pattern => {
  try {
    return RE2JS.compile(pattern);
  } catch {
    return { test: () => false }; // see patternProblem
  }
});

/** What Go says is wrong with `pattern`, if anything is. */
export function patternProblem(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (err) {
    const { message } = err as Error;
    return message.endsWith("at end of expression") ? `${message}: \`\`` : message; // Go quotes what is left: nothing
  }
}
