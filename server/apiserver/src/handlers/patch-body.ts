/** The JSON of a patch, with what its keys standing twice means under the field validation asked for. */

import { parseJson, parsePairs } from "@knarr/machinery/decode/json.ts";
import { duplicateKeys } from "@knarr/machinery/decode/duplicate-keys.ts";
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
  if (fieldValidation === "Ignore") return parsed.value;
  checkForm(type, parsed.value);
  if (!parsed.hasDuplicates) return parsed.value;
  const findings = duplicateKeys(parsePairs(bytes)).map((text) =>
    type === "json" ? `json patch ${text}` : text,
  );
  if (fieldValidation === "Strict")
    throw invalidPatch(bytes.toString(), `strict decoding error: ${findings.join(", ")}`);
  for (const text of findings) request.warn(text);
  return parsed.value;
}

/** What looks for fields reads the patch before what applies it, and complains in the names of its own types. */
function checkForm(type: PatchType, patch: unknown): void {
  const wrong = (value: unknown, wanted: string) =>
    badRequest(
      `error decoding patch: json: cannot unmarshal ${jsonTypeOf(value)} into Go value of type ${wanted}`,
    );
  if (patch === null) return;
  if (type === "json") {
    if (!Array.isArray(patch)) throw wrong(patch, "[]handlers.jsonPatchOp");
    for (const operation of patch as unknown[])
      if (operation !== null && !isObject(operation)) throw wrong(operation, "handlers.jsonPatchOp");
  }
  if (type === "merge" && !isObject(patch)) throw wrong(patch, "map[string]interface {}");
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function jsonTypeOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}
