/** Conditions of a CertificateSigningRequest: what they may say, who may change them where, and since when they hold. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { quote } from "@knarr/machinery/quote.ts";

import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition as Condition,
} from "../../../generated/certificates-v1.ts";

/** Those that are true or not there, and never go. */
const FINAL = ["Approved", "Denied", "Failed"];
/** Those that only `/approval` writes. */
const OF_APPROVAL = ["Approved", "Denied"];

/** Oddities of the object as it is stored, which an update may leave in it. */
export function validateRequestConditions(
  { status }: CertificateSigningRequest,
  previous: CertificateSigningRequest | undefined,
  errors: FieldErrors,
): void {
  const before = previous?.status?.conditions ?? [];
  const mayBeUnnamed = before.some(({ type }) => !type);
  const mayRepeat = new Set(before.map(({ type }) => type)).size < before.length;
  const mayContradict = OF_APPROVAL.every((type) => before.some((one) => one.type === type));
  const seen = new Set<string>();
  (status?.conditions ?? []).forEach((condition, i) => {
    const { type = "" } = condition;
    const at = errors.at(i);
    if (!type && !mayBeUnnamed) at.at("type").required();
    checkStatus(condition, at.at("status"));
    const opposite = OF_APPROVAL.includes(type) && OF_APPROVAL.find((other) => other !== type)!;
    if (opposite && seen.has(opposite) && !mayContradict)
      errors.invalid(type, "Approved and Denied conditions are mutually exclusive");
    if (seen.has(type) && !mayRepeat) at.at("type").duplicate(type);
    seen.add(type);
  });
}

function checkStatus({ type, status }: Condition, errors: FieldErrors): void {
  const allowed = FINAL.includes(type) ? ["True"] : ["False", "True", "Unknown"];
  if (!status) errors.required();
  else if (!allowed.includes(status)) errors.notSupported(status, allowed);
}

/** What was decided stays; Approved and Denied change through `/approval` alone. */
export function validateConditionChange(
  object: CertificateSigningRequest,
  previous: CertificateSigningRequest,
  { errors, isApproval }: { readonly errors: FieldErrors; readonly isApproval: boolean },
): void {
  for (const type of FINAL)
    if (count(object, type) < count(previous, type))
      errors.forbidden(`updates may not remove a condition of type ${quote(type)}`);
  if (isApproval) return;
  for (const type of OF_APPROVAL)
    if (count(object, type) > count(previous, type))
      errors.forbidden(`updates may not add a condition of type ${quote(type)}`);
}

function count({ status }: CertificateSigningRequest, type: string): number {
  return (status?.conditions ?? []).filter((one) => one.type === type).length;
}

/** Writes to `/status` leave Approved and Denied as they are, unless there are more or fewer of them, which is refused. */
export function keepApproval(
  { status }: CertificateSigningRequest,
  previous: CertificateSigningRequest,
): void {
  if (!status?.conditions) return;
  for (const type of OF_APPROVAL) {
    const kept = (previous.status?.conditions ?? []).filter((one) => one.type === type);
    if (status.conditions.filter((one) => one.type === type).length !== kept.length) continue;
    status.conditions = status.conditions.map((one) => (one.type === type ? { ...kept.shift()! } : one));
  }
}

/** `now` where a condition does not say when it was last changed or looked at. */
export function stampConditions(
  { status }: CertificateSigningRequest,
  now: string,
  previous: CertificateSigningRequest | undefined,
): void {
  for (const condition of status?.conditions ?? []) {
    condition.lastUpdateTime ??= now;
    condition.lastTransitionTime ??=
      (previous?.status?.conditions ?? []).find(
        (one) => one.type === condition.type && one.status === condition.status && one.lastTransitionTime,
      )?.lastTransitionTime ?? now;
  }
}
