/** The JSON of a patch, with what its keys standing twice means under the field validation asked for. */

import { parseJson, parsePairs } from "@knarr/machinery/decode/json.ts";
import { duplicateKeys } from "./duplicate-keys.ts";
import { badRequest } from "@knarr/machinery/status.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import type { WriteOptions } from "./options.ts";
import { invalidPatch } from "./invalid-patch.ts";

export type PatchType = "json" | "merge" | "strategic" | "apply";

export async function readPatch(
  request: ApiRequest,
  type: Exclude<PatchType, "apply">,
  { fieldValidation }: WriteOptions,
): Promise<unknown> {
  const { body } = request;
  if (body.value !== undefined) return body.value;
  const bytes = await body.read();
  let parsed;
  try {
    parsed = parseJson(bytes);
  } catch (err) {
    if (!(err instanceof SyntaxError)) throw err;
    throw badRequest(type === "strategic" ? err.message : `error decoding patch: ${err.message}`);
  }
  if (!parsed.hasDuplicates || fieldValidation === "Ignore") return parsed.value;
  const findings = duplicateKeys(parsePairs(bytes)).map((text) =>
    type === "json" ? `json patch ${text}` : text,
  );
  if (fieldValidation === "Strict")
    throw invalidPatch(bytes.toString(), `strict decoding error: ${findings.join(", ")}`);
  for (const text of findings) request.warn(text);
  return parsed.value;
}
