/**
 * PATCH in its four kinds: JSON Patch, JSON Merge Patch, strategic merge patch and server-side apply. A patch is a change of whatever is
 * there, so it is made again when somebody else wrote first; apply may also create.
 */

import { decodeValue, type FieldValidation } from "@knarr/machinery/decode/decode.ts";
import { mediaTypeOf } from "@knarr/machinery/decode/media-types.ts";
import { parseYaml } from "@knarr/machinery/decode/yaml.ts";
import type { ApiObject, JsonObject } from "@knarr/machinery/object.ts";
import { apply, type ApplyOptions } from "@knarr/machinery/patch/apply.ts";
import { applyJsonPatch } from "@knarr/machinery/patch/json-patch.ts";
import { applyMergePatch } from "@knarr/machinery/patch/merge-patch.ts";
import { equalJson } from "@knarr/machinery/patch/copy.ts";
import { goValue } from "@knarr/machinery/patch/go-print.ts";
import { goMapJson } from "@knarr/machinery/quote.ts";
import { applyStrategicMergePatch } from "@knarr/machinery/patch/strategic-merge.ts";
import {
  ApiError,
  badRequest,
  methodNotSupported,
  plain500,
  unsupportedMediaType,
} from "@knarr/machinery/status.ts";
import { objectAnswer } from "../negotiation/encode.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import type { Served } from "../registry/served.ts";
import { strategyOf, type Strategy } from "../writes/strategy.ts";
import { updateObject } from "../writes/update-object.ts";
import { nowText, writeOf } from "../writes/write.ts";
import { encodingOf, type Handler } from "./handler.ts";
import { writeOptionsOf, type WriteOptions } from "./options.ts";
import { invalidPatch } from "./invalid-patch.ts";
import { readPatch, type PatchType, type SentPatch } from "./patch-body.ts";
import { checkIdentity } from "./update.ts";

const patchTypes: Readonly<Record<string, PatchType>> = {
  "application/json-patch+json": "json",
  "application/merge-patch+json": "merge",
  "application/strategic-merge-patch+json": "strategic",
  "application/apply-patch+yaml": "apply",
};

const customPatchTypes = Object.keys(patchTypes).filter((type) => patchTypes[type] !== "strategic");

/** Throws UnsupportedMediaType, as the router of upstream words it, or the handler of custom resources. */
export function patchTypeOf(
  contentType: string | undefined,
  { isCustom }: Pick<Served, "isCustom">,
): PatchType {
  const type = patchTypes[mediaTypeOf(contentType)];
  if (isCustom && (!type || !contentType || type === "strategic"))
    throw unsupportedMediaType(customPatchTypes);
  if (!type || !contentType) throw new ApiError("UnsupportedMediaType", "415: Unsupported Media Type", {});
  return type;
}

export const patch: Handler = async (parts, request, served) => {
  const strategy = strategyOf(served, request.subresource);
  if (!strategy) throw methodNotSupported(served.groupResource, "patch");
  const type = patchTypeOf(request.body.type, served);
  const encoding = encodingOf(parts, request);
  await request.body.read();
  const options = writeOptionsOf(request.query, "PatchOptions", { isApply: type === "apply" });
  const sent =
    type === "apply"
      ? { type, value: await appliedObject(request, options) }
      : await readPatch(request, type, options);
  const isApply = sent.type === "apply";
  request.audit?.sentPlain(sent.value);
  const written = await updateObject(writeOf(parts, request, served, options), {
    strategy,
    mayCreate: isApply && strategy.subresource === "",
    tracked: isApply,
    async make(live) {
      const object = isApply
        ? await applied(sent.value, live, {
            served,
            request,
            options,
            strategy,
            time: nowText(parts),
          })
        : patched(sent, live, { served, request, options });
      checkIdentity(object, request, served);
      if (!isApply || !isUnchanged(live, object)) served.resource.defaults?.(object);
      return object;
    },
  });
  return objectAnswer(written.created ? 201 : 200, served, written.object, written.item, encoding);
};

/** An apply that changes nothing adds no defaults either: a custom resource may have been stored without them. */
function isUnchanged(live: ApiObject | undefined, object: ApiObject): boolean {
  if (!live) return false;
  const { managedFields: _, ...before } = live.metadata;
  const { managedFields: __, ...after } = object.metadata;
  return equalJson({ ...live, metadata: before }, { ...object, metadata: after });
}

interface Patching {
  readonly served: Served;
  readonly request: ApiRequest;
  readonly options: WriteOptions;
}

/** `live` with the patch, as an object of the kind. */
export function patched(sent: SentPatch, live: any, { served, request, options }: Patching): any {
  const document = patchDocument(sent, live, served);
  const { fieldValidation } = options;
  const { duplicates, type } = sent;
  return typed(document, served, request, {
    fieldValidation,
    duplicates,
    shown: () => shownPatch(sent, document, served),
    fromValues: type === "strategic",
  });
}

/** What answers quote of a patch that leads to nothing good. */
function shownPatch({ type, value }: SentPatch, document: JsonObject, { isCustom }: Served): string {
  if (type === "strategic") return goValue(value);
  return isCustom ? goMapJson(document) : JSON.stringify(document);
}

function patchDocument({ type, value }: SentPatch, live: JsonObject, { expected }: Served): JsonObject {
  if (type === "json") return applyJsonPatch(live, value);
  return type === "merge"
    ? applyMergePatch(live, value)
    : applyStrategicMergePatch(live, value, expected.schema);
}

interface Typing {
  readonly fieldValidation: FieldValidation;
  readonly duplicates: readonly string[];
  /** What an answer quotes when it is wrong. */
  shown(): string;
  readonly fromValues?: boolean;
}

/** What a patch made is decoded like a body; what is wrong with it is the patch's fault, and 422. */
function typed(
  document: JsonObject,
  { expected }: Served,
  request: ApiRequest,
  { fieldValidation, duplicates, shown, fromValues }: Typing,
): any {
  try {
    const { object, warnings } = decodeValue(document, expected, fieldValidation, {
      fromValues,
      keepsEmpties: true,
      duplicates,
    });
    for (const warning of warnings) request.warn(warning);
    return object;
  } catch (err) {
    if (!(err instanceof ApiError) || err.code !== 400) throw err;
    throw invalidPatch(shown(), bareMessage(err.message));
  }
}

/** Without what says which kind it was: the patch is not the kind. */
function bareMessage(message: string): string {
  return message.replace(/^\S+ in version "[^"]*" cannot be handled as a \S+: /, "");
}

interface Applying extends Patching {
  readonly strategy: Strategy;
  readonly time: string;
}

async function applied(
  sent: JsonObject,
  live: ApiObject | undefined,
  { served, request, options, strategy, time }: Applying,
): Promise<any> {
  const { resource, apiVersion, expected, conversion } = served;
  const application: ApplyOptions = {
    live,
    applied: sent,
    manager: options.fieldManager,
    force: options.force,
    subresource: request.subresource,
    apiVersion,
    kind: resource.kind,
    time,
    schema: expected.schema,
    filter: strategy.filter,
  };
  const object = conversion
    ? await conversion.withVersions((inVersion) => apply({ ...application, inVersion }))
    : apply(application);
  return unstructured(object as unknown as JsonObject, sent, served);
}

/** What apply made fits the schema; what it does not fit is the rules of quantities and times. */
function unstructured(document: JsonObject, sent: JsonObject, { expected, resource }: Served): any {
  try {
    return decodeValue(document, expected, "Ignore", { fromValues: true, keepsEmpties: true }).object;
  } catch (err) {
    if (!(err instanceof ApiError) || err.code !== 400) throw err;
    const { name, namespace } = (sent["metadata"] ?? {}) as JsonObject;
    const kind = `${resource.group}/${resource.version}, Kind=${resource.kind}`;
    throw plain500(
      `failed to convert new object (${textOf(namespace)}/${textOf(name)}; ${kind}) to proper version: unable to convert unstructured object to ${kind}: ${bareMessage(err.message)}`,
    );
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The body of an apply: YAML, of which JSON is a part. */
export async function appliedObject(
  request: ApiRequest,
  { fieldValidation }: WriteOptions,
): Promise<JsonObject> {
  const { body } = request;
  if (body.value !== undefined) return body.value as JsonObject;
  let parsed;
  try {
    parsed = parseYaml(await body.read());
  } catch (err) {
    if (err instanceof SyntaxError)
      throw badRequest(`error decoding YAML: error converting YAML to JSON: ${err.message}`);
    throw err;
  }
  if (parsed.duplicates.length > 0 && fieldValidation === "Strict")
    throw badRequest(`error strict decoding YAML: ${parsed.duplicates.join(", ")}`);
  if (fieldValidation === "Warn") for (const text of parsed.duplicates) request.warn(text);
  const { value } = parsed;
  if (typeof value !== "object" || Array.isArray(value))
    throw badRequest(
      `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${Array.isArray(value) ? "array" : typeof value} into Go value of type map[string]interface {}`,
    );
  return (value ?? {}) as JsonObject;
}
