/** The JSON of a patch, with what field validation has against its text. */

import { parseJson, parsePairs } from "@knarr/machinery/decode/json.ts";
import { duplicateKeys } from "@knarr/machinery/decode/duplicate-keys.ts";
import { isJsonObject } from "@knarr/machinery/object.ts";
import { jsonType } from "@knarr/machinery/patch/go-print.ts";
import { badRequest } from "@knarr/machinery/status.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import type { WriteOptions } from "./options.ts";

export type PatchType = "json" | "merge" | "strategic" | "apply";

export interface SentPatch {
  readonly type: Exclude<PatchType, "apply">;
  readonly value: unknown;
  /** Keys that stand twice in it: what the patch leads to is to be refused for them, or warned of, as for unknown fields. */
  readonly duplicates: readonly string[];
}

export async function readPatch(
  request: ApiRequest,
  type: SentPatch["type"],
  { fieldValidation }: WriteOptions,
): Promise<SentPatch> {
  const { body } = request;
  if (body.value !== undefined) return { type, value: body.value, duplicates: [] };
  const bytes = await body.read();
  let parsed;
  try {
    parsed = parseJson(bytes);
  } catch (err) {
    if (!(err instanceof SyntaxError)) throw err;
    throw badRequest(type === "strategic" ? err.message : `error decoding patch: ${err.message}`);
  }
  const { value } = parsed;
  if (fieldValidation === "Ignore") return { type, value, duplicates: [] };
  checkForm(type, value);
  const duplicates = parsed.hasDuplicates ? duplicateKeys(parsePairs(bytes)) : [];
  return {
    type,
    value,
    duplicates: type === "json" ? duplicates.map((text) => `json patch ${text}`) : duplicates,
  };
}

/** What looks for fields reads the patch before what applies it, and complains in the names of its own types. */
function checkForm(type: PatchType, patch: unknown): void {
  const wrong = (value: unknown, wanted: string) =>
    badRequest(
      `error decoding patch: json: cannot unmarshal ${jsonType(value)} into Go value of type ${wanted}`,
    );
  if (patch === null) return;
  if (type === "json") {
    if (!Array.isArray(patch)) throw wrong(patch, "[]handlers.jsonPatchOp");
    for (const operation of patch as unknown[])
      if (operation !== null && !isJsonObject(operation)) throw wrong(operation, "handlers.jsonPatchOp");
  }
  if (type === "merge" && !isJsonObject(patch)) throw wrong(patch, "map[string]interface {}");
}
