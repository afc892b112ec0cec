/** The standard library: what every environment has. */

import type { FunctionDeclaration, Library } from "../library.ts";
import { standardMacros } from "../macros.ts";
import { isFound } from "../regex.ts";
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  INT,
  listOf,
  mapOf,
  NULL,
  param,
  STRING,
  TIMESTAMP,
  TYPE,
  UINT,
} from "../types.ts";
import { Failure, type CelValue, type Outcome } from "../values.ts";
import { conversions } from "./conversions.ts";
import { moments } from "./moments.ts";
import { operators } from "./operators.ts";

type Test = (text: string, other: string) => boolean | Failure;

/** Texts on both sides, or no overload. */
const ofTexts =
  (test: Test) =>
  (text: CelValue, other: CelValue): Outcome =>
    typeof text === "string" && typeof other === "string"
      ? test(text, other)
      : new Failure("no such overload");

function textTest(name: string, id: string, test: Test): FunctionDeclaration {
  return {
    name,
    overloads: [{ id, params: [STRING, STRING], result: BOOL, isMember: true }],
    call: ofTexts(test),
  };
}

const matches: FunctionDeclaration = {
  name: "matches",
  overloads: [
    { id: "matches", params: [STRING, STRING], result: BOOL },
    { id: "matches_string", params: [STRING, STRING], result: BOOL, isMember: true },
  ],
  call: ofTexts(isFound),
  pattern: 1,
};

export const standard: Library = {
  name: "standard",
  macros: standardMacros,
  types: [
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    INT,
    listOf(param("A")),
    mapOf(param("A"), param("B")),
    NULL,
    STRING,
    TIMESTAMP,
    TYPE,
    UINT,
  ],
  functions: [
    ...operators,
    ...conversions,
    textTest("contains", "contains_string", (text, part) => text.includes(part)),
    textTest("endsWith", "ends_with_string", (text, end) => text.endsWith(end)),
    textTest("startsWith", "starts_with_string", (text, start) => text.startsWith(start)),
    matches,
    ...moments,
  ],
};
