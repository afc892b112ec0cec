/** What is wrong with words that do not make an expression, as upstream says it. */

import type { Issue } from "../environment.ts";
import { NOWHERE, type Position, type Source } from "../source.ts";
import { RESERVED_WORDS, type Tokens } from "../tokens.ts";
import { celNetwork } from "./grammar.ts";
import { Recovery } from "./recovery.ts";

const NO_NAME = /^no viable alternative at input '.(true|false|null)'$/;

export function syntaxIssues(source: Source, { bad, tokens }: Tokens): readonly Issue[] {
  const recovery = new Recovery(source.text, tokens);
  recovery.run(celNetwork().get("start")!);
  const { findings, names, reason } = recovery;
  return [
    ...bad.map(({ start, text }) => issue(source.positionOf(start), `token recognition error at: '${text}'`)),
    ...findings.map(({ at, message }) =>
      issue(
        positionOf(at.start, source),
        message.replace(NO_NAME, "mismatched input '$1' expecting IDENTIFIER"),
      ),
    ),
    ...names
      .filter(({ text }) => RESERVED_WORDS.has(text))
      .map(({ start, text }) => ({ ...source.positionOf(start), message: `reserved identifier: ${text}` })),
    ...(reason === undefined ? [] : [{ ...NOWHERE, message: reason }]),
  ];
}

const issue = (position: Position, text: string): Issue => ({
  ...position,
  message: `Syntax error: ${text}`,
});

/** Of nothing there is no place, only a line. */
function positionOf(offset: number, source: Source): Position {
  return source.text === "" ? { line: 1, column: -1 } : source.positionOf(offset);
}
