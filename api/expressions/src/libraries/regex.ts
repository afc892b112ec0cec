/** `text.find(pattern)` and `text.findAll(pattern)`. */

import { ArrayList } from "@knarr/cel/lists.ts";
import { member } from "@knarr/cel/libraries/signature.ts";
import type { Library } from "@knarr/cel/library.ts";
import { pattern } from "@knarr/cel/regex.ts";
import { INT, listOf, STRING } from "@knarr/cel/types.ts";
import { Failure, type Outcome } from "@knarr/cel/values.ts";

function find(text: string, regex: string): Outcome {
  const found = findAll(text, regex, 1);
  return found instanceof ArrayList ? (found.elements[0] ?? "") : found;
}

/** At most `count`; all when it is negative. An empty match right after another is none. */
function findAll(text: string, regex: string, count: number | bigint = -1): ArrayList | Failure {
  const compiled = pattern(regex);
  if (compiled instanceof Failure) return new Failure(`Illegal regex: ${compiled.message}`);
  const limit = count < 0 ? Infinity : Number(count);
  const found: string[] = [];
  const matcher = compiled.matcher(text);
  for (let end = -1; found.length < limit && matcher.find(); end = matcher.end()) {
    const match = matcher.group()!;
    if (match !== "" || matcher.start() !== end) found.push(match);
  }
  return new ArrayList(found);
}

export const regex: Library = {
  name: "kubernetes.regex",
  functions: [
    {
      name: "find",
      overloads: [member({ id: "string_find_string", params: [STRING, STRING], result: STRING }, find)],
      pattern: 1,
    },
    {
      name: "findAll",
      overloads: [
        member({ id: "string_find_all_string", params: [STRING, STRING], result: listOf(STRING) }, findAll),
        member(
          { id: "string_find_all_string_int", params: [STRING, STRING, INT], result: listOf(STRING) },
          findAll,
        ),
      ],
      pattern: 1,
    },
  ],
};
