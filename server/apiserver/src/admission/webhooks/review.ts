/**
 * AdmissionReview, the document that goes to a webhook and comes back from it, in the two versions of admission.k8s.io that there are. Pure:
 * what is wrong with an answer is thrown in upstream's words.
 */

import { jsonType } from "@knarr/machinery/patch/go-print.ts";
import { quote } from "@knarr/machinery/quote.ts";
import type { AdmissionRequest } from "../../request.ts";
import { describeRequest } from "../matching/described-request.ts";
import type { Shown } from "../matching/expression-input.ts";

export type ReviewVersion = "v1" | "v1beta1";

const GROUP = "admission.k8s.io";
const KIND = "AdmissionReview";

/** The first of `accepted` that is spoken here. */
export function reviewVersionOf(accepted: readonly string[] | undefined): ReviewVersion | undefined {
  return accepted?.find((version) => version === "v1" || version === "v1beta1");
}

export function reviewOf(
  version: ReviewVersion,
  uid: string,
  request: AdmissionRequest,
  { match, object, previous }: Shown,
): object {
  const { dryRun, options, ...described } = describeRequest(request, match);
  return {
    kind: KIND,
    apiVersion: `${GROUP}/${version}`,
    request: { uid, ...described, object: object ?? null, oldObject: previous ?? null, dryRun, options },
  };
}

/** What a webhook says. */
export interface Verdict {
  readonly allowed: boolean;
  /** JSON Patch, as text; empty for none. */
  readonly patch: string;
  readonly patchType: string;
  readonly status: WebhookStatus | undefined;
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

/** metav1.Status, as far as somebody else has filled it in. */
export interface WebhookStatus {
  readonly code?: number;
  readonly message?: string;
  readonly reason?: string;
  readonly details?: object;
}

interface Response {
  readonly uid?: string;
  readonly allowed?: boolean;
  readonly status?: WebhookStatus;
  /** Base64. */
  readonly patch?: string;
  readonly patchType?: string;
  readonly auditAnnotations?: Readonly<Record<string, string>>;
  readonly warnings?: readonly (string | null)[];
}

/** The answer as an AdmissionReview of `version`. Throws SyntaxError for another document. */
export function readReview(
  answer: unknown,
  version: ReviewVersion,
): { readonly response: Response | undefined } {
  if (typeof answer !== "object" || answer === null || Array.isArray(answer))
    throw new SyntaxError(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${jsonType(answer)} into Go value of type struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }`,
    );
  const { kind, apiVersion, response } = answer as Record<string, unknown>;
  const text = JSON.stringify(answer);
  if (!kind) throw new SyntaxError(`Object 'Kind' is missing in '${text}'`);
  if (!apiVersion) throw new SyntaxError(`Object 'apiVersion' is missing in '${text}'`);
  const known = [`${GROUP}/v1`, `${GROUP}/v1beta1`];
  if (kind !== KIND || !known.includes(apiVersion as string))
    throw new SyntaxError(
      `no kind ${quote(String(kind))} is registered for version ${quote(String(apiVersion))} in scheme "pkg/runtime/scheme.go:110"`,
    );
  if (apiVersion !== `${GROUP}/${version}`) {
    const given = String(apiVersion).slice(GROUP.length + 1);
    throw new SyntaxError(`converting (${given}.${KIND}) to (${version}.${KIND}): unknown conversion`);
  }
  checkTypes(response);
  return { response: response === null ? undefined : (response as Response | undefined) };
}

/** As much as must be right for the answer to be read without a fall. */
const types: Readonly<Record<string, readonly [json: string, go: string]>> = {
  uid: ["string", "types.UID"],
  allowed: ["bool", "bool"],
  patch: ["string", "[]uint8"],
  patchType: ["string", "v1.PatchType"],
  status: ["object", "v1.Status"],
  warnings: ["array", "[]string"],
  auditAnnotations: ["object", "map[string]string"],
};

function checkTypes(response: unknown): void {
  if (response === undefined || response === null) return;
  if (jsonType(response) !== "object")
    throw new SyntaxError(
      `json: cannot unmarshal ${jsonType(response)} into Go struct field AdmissionReview.response of type v1.AdmissionResponse`,
    );
  for (const [field, value] of Object.entries(response as object)) {
    const [wanted, goType] = types[field] ?? [];
    if (wanted === undefined || value === null || jsonType(value) === wanted) continue;
    throw new SyntaxError(
      `json: cannot unmarshal ${jsonType(value)} into Go struct field AdmissionResponse.response.${field} of type ${goType}`,
    );
  }
  const { warnings, auditAnnotations, status } = response as Response;
  checkTexts("warnings", warnings ?? []);
  checkTexts("auditAnnotations", Object.values(auditAnnotations ?? {}));
  const { message, reason, code } = status ?? {};
  checkTexts("status", [message ?? null, reason ?? null]);
  if (code !== undefined && code !== null && !Number.isInteger(code))
    throw new SyntaxError(
      `json: cannot unmarshal ${jsonType(code)} into Go struct field Status.response.status.code of type int32`,
    );
}

/** Go reads null as an empty text. */
function checkTexts(field: string, values: readonly unknown[]): void {
  for (const value of values)
    if (typeof value !== "string" && value !== null)
      throw new SyntaxError(
        `json: cannot unmarshal ${jsonType(value)} into Go struct field AdmissionResponse.response.${field} of type string`,
      );
}

/** What the answer comes to. v1 is strict where v1beta1 takes what it gets. Throws TypeError for one that does not fit the question. */
export function verdictOf(
  response: Response | undefined,
  {
    version,
    uid,
    isMutating,
  }: { readonly version: ReviewVersion; readonly uid: string; readonly isMutating: boolean },
): Verdict {
  if (!response) throw new TypeError("webhook response was absent");
  if (version === "v1") checkResponse(response, uid, isMutating);
  return {
    allowed: response.allowed ?? false,
    patch: isMutating ? Buffer.from(response.patch ?? "", "base64").toString() : "",
    patchType: version === "v1" ? (response.patchType ?? "") : "JSONPatch",
    status: response.status ?? undefined,
    warnings: (response.warnings ?? []).map((text) => text ?? ""),
    auditAnnotations: response.auditAnnotations ?? {},
  };
}

function checkResponse(
  { uid: given = "", patch, patchType }: Response,
  uid: string,
  isMutating: boolean,
): void {
  if (given !== uid) throw new TypeError(`expected response.uid=${quote(uid)}, got ${quote(given)}`);
  if (!isMutating) {
    if (patch) throw new TypeError("validating webhook may not return response.patch");
    if (patchType != null) throw new TypeError("validating webhook may not return response.patchType");
    return;
  }
  if (patch && patchType == null)
    throw new TypeError("webhook returned response.patch but not response.patchType");
  if (!patch && patchType != null)
    throw new TypeError("webhook returned response.patchType but not response.patch");
  if (patchType === "") throw new TypeError('webhook returned invalid response.patchType of ""');
}
