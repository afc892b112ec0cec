/** What is wrong with words that do not make an expression. */

import type { Issue } from "./environment.ts";
import type { Source } from "./source.ts";
import type { Tokens } from "./tokens.ts";

export function syntaxIssues(source: Source, { bad }: Tokens): readonly Issue[] {
  return bad.map(({ start, text }) => ({
    ...source.positionOf(start),
    message: `Syntax error: token recognition error at: '${text}'`,
  }));
}
