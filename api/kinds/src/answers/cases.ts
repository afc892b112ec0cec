/** The recorded requests and answers of upstream's API server, as ../shared/data/answers holds them. */

import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

export interface Step {
  readonly id: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  /** Content type. */
  readonly type: string;
  readonly body?: any;
  readonly kind: string;
  readonly scored: boolean;
  readonly expect?: { readonly code: number; readonly body: any; readonly warnings?: readonly string[] };
}

/** Steps of one group run in order against one world. */
export interface CaseGroup {
  readonly name: string;
  readonly steps: readonly Step[];
}

const FILE = new URL("../../../../../shared/data/answers/open.jsonl.gz", import.meta.url);

export const answersMissing = existsSync(FILE) ? false : "needs ../shared/data/answers";

let cases: readonly CaseGroup[] | undefined;

/** Read once; they are not to be changed. */
export function readCases(): readonly CaseGroup[] {
  return (cases ??= gunzipSync(readFileSync(FILE))
    .toString()
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as CaseGroup));
}
