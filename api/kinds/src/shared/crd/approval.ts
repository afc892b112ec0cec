/** Groups of Kubernetes' own names: their definitions must say who approved them. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { parseRequestUri } from "@knarr/machinery/go-url.ts";
import type { CustomResourceDefinition } from "../../../generated/apiextensions-v1.ts";

const ANNOTATION = "api-approved.kubernetes.io";
const SEE = "see https://github.com/kubernetes/enhancements/pull/1111";

export type ApprovalState = "missing" | "bypassed" | "approved" | "invalid";

export function isProtectedGroup(group: string): boolean {
  return /^(?:.*\.)?(?:k8s|kubernetes)\.io$/s.test(group);
}

/** What the annotation says, and the sentence that a condition of the definition tells it with. */
export function approvalOf({ metadata }: CustomResourceDefinition): { state: ApprovalState; reason: string } {
  const text = metadata.annotations?.[ANNOTATION] ?? "";
  if (text === "")
    return {
      state: "missing",
      reason: `protected groups must have approval annotation "${ANNOTATION}", ${SEE}`,
    };
  if (text.startsWith("unapproved"))
    return { state: "bypassed", reason: `not approved: ${JSON.stringify(text)}` };
  if (isUrl(text)) return { state: "approved", reason: `approved in ${text}` };
  return {
    state: "invalid",
    reason: `protected groups must have approval annotation "${ANNOTATION}" with either a URL or a reason starting with "unapproved", ${SEE}`,
  };
}

function isUrl(text: string): boolean {
  try {
    const { scheme, host } = parseRequestUri(text);
    return scheme !== "" && host !== "";
  } catch {
    return false; // that is the answer
  }
}

/** An annotation that is as good or bad as it was is nobody's fault now. */
export function validateApproval(
  object: CustomResourceDefinition,
  previous: CustomResourceDefinition | undefined,
  errors: FieldErrors,
): void {
  if (!isProtectedGroup(object.spec?.group ?? "")) return;
  const { state, reason } = approvalOf(object);
  if (previous && approvalOf(previous).state === state) return;
  const at = errors.at("metadata").at("annotations").at([ANNOTATION]);
  if (state === "missing") at.required(reason);
  if (state === "invalid") at.invalid(object.metadata.annotations?.[ANNOTATION], reason);
}
