/** The patch that a webhook answers with, applied to the object as it was shown, and what the object is then. */

import { semanticEqual } from "@knarr/machinery/equal.ts";
import { parseJson } from "@knarr/machinery/decode/json.ts";
import { applyJsonPatch } from "@knarr/machinery/patch/json-patch.ts";
import { quote } from "@knarr/machinery/quote.ts";
import { ApiError, internalError } from "@knarr/machinery/status.ts";
import { become, completed } from "../matching/completed.ts";
import type { Shown } from "../matching/expression-input.ts";
import type { Registry } from "../../registry/registry.ts";
import type { AdmissionRequest } from "../../request.ts";
import { CallFailed } from "./refusal.ts";
import type { Verdict } from "./review.ts";

export interface Mutation {
  /** The operations; undefined when there was nothing to do. */
  readonly patch: readonly unknown[] | undefined;
  readonly isChanged: boolean;
}

export interface Mutated {
  readonly webhook: string;
  /** Is changed. Undefined where there is none. */
  readonly object: any;
  readonly shown: Shown;
  readonly request: AdmissionRequest;
  readonly registry: Registry;
}

/** Throws CallFailed for what is no patch, and InternalError for one that leads nowhere. */
export async function applyVerdict({ patch: text, patchType }: Verdict, mutated: Mutated): Promise<Mutation> {
  const { webhook, object, shown, request, registry } = mutated;
  const patch = text === "" ? [] : operationsIn(text, webhook);
  if (patch.length === 0) return { patch: undefined, isChanged: false };
  if (object === undefined)
    throw internalError(
      new Error(
        `admission webhook ${quote(webhook)} attempted to modify the object, which is not supported for this operation`,
      ),
    );
  if (patchType !== "JSONPatch")
    throw new CallFailed(webhook, `unsupported patch type ${quote(patchType)}`, { code: 400 });
  const [own, served] = [request.kind, shown.match.kind].map(({ group, version, kind }) =>
    registry.findKind(group, version, kind),
  );
  try {
    const patched = patchedDocument(shown.object, patch);
    const next = served ? completed(patched, served) : patched;
    const isChanged = !semanticEqual(shown.object, next);
    become(object, own && served && own !== served ? await own.converted(next, served) : next, own);
    return { patch, isChanged };
  } catch (err) {
    throw internalError(err);
  }
}

/** Throws what exactly does not apply, which clients with a patch of their own are not told. */
function patchedDocument(document: any, patch: readonly unknown[]): object {
  try {
    return applyJsonPatch(document, patch);
  } catch (err) {
    throw err instanceof ApiError && err.cause instanceof Error ? err.cause : err;
  }
}

function operationsIn(text: string, webhook: string): readonly unknown[] {
  try {
    const { value } = parseJson(Buffer.from(text));
    if (value === null) return [];
    if (Array.isArray(value)) return value;
    throw new SyntaxError(`json: cannot unmarshal ${typeof value} into Go value of type jsonpatch.Patch`);
  } catch (err) {
    const why = `received undecodable patch in webhook response: ${(err as Error).message}`;
    throw new CallFailed(webhook, why, { code: 503 });
  }
}
