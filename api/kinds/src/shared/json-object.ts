/** Whether bytes that users put into a field are a JSON object, in Go's words when they are not. */

import { parseJson } from "@knarr/machinery/decode/json.ts";

export function jsonObjectProblem(bytes: Uint8Array): string | undefined {
  let value: unknown;
  try {
    ({ value } = parseJson(bytes));
  } catch (err) {
    if (err instanceof SyntaxError) return err.message;
    throw err;
  }
  if (value === null || (typeof value === "object" && !Array.isArray(value))) return undefined;
  const what = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
  return `json: cannot unmarshal ${what} into Go value of type map[string]interface {}`;
}
