/** What a ValidatingAdmissionPolicy asks of objects, and what it writes into the audit log. */

import type { Composition } from "@knarr/expressions/admission.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import { qualifiedName } from "@knarr/machinery/names.ts";
import type {
  AuditAnnotation,
  Validation,
  ValidatingAdmissionPolicySpec,
} from "../../../generated/admissionregistration-v1.ts";
import { internalForm } from "../internal/form.ts";
import { checkOneOf, reject } from "../values.ts";
import { compileInto, type Known } from "./expressions.ts";
import { expressionSet, validateVariables } from "./policies.ts";

type Spec = ValidatingAdmissionPolicySpec;

const REASONS = ["Forbidden", "Invalid", "RequestEntityTooLarge"];
const MOST_ANNOTATIONS = 20;
const MOST_BYTES = 5 * 1024;
const AT_LEAST_ONE = "validations or auditAnnotations must contain at least one item";

/** What the expressions of one policy share. */
interface Scope {
  readonly hasParams: boolean;
  /** Undefined where the policy has no variables: then there is no `variables` to use. */
  readonly variables: Composition | undefined;
  readonly known: Readonly<Record<"validations" | "messages" | "annotations", Known>> | undefined;
}

export function validateValidations(
  name: string | undefined,
  spec: Spec,
  previous: Spec | undefined,
  errors: FieldErrors,
): void {
  const { variables = [], validations = [], auditAnnotations, paramKind } = spec;
  const known = previous && {
    validations: expressionSet(previous.validations ?? []),
    messages: new Set((previous.validations ?? []).map(({ messageExpression = "" }) => messageExpression)),
    annotations: new Set((previous.auditAnnotations ?? []).map(({ valueExpression }) => valueExpression)),
  };
  const composition =
    variables.length > 0
      ? validateVariables(spec, errors.at("variables"), { known: known?.validations })
      : undefined;
  if (validations.length === 0 && !auditAnnotations?.length) {
    errors.at("validations").required(AT_LEAST_ONE);
    errors.at("auditAnnotations").required(AT_LEAST_ONE);
    return;
  }
  const scope = { hasParams: paramKind !== undefined, variables: composition, known };
  validations.forEach((validation, i) =>
    validateValidation(validation, scope, errors.at("validations").at(i)),
  );
  validateAnnotations(name, auditAnnotations ?? [], scope, errors.at("auditAnnotations"));
}

function validateValidation(validation: Validation, scope: Scope, errors: FieldErrors): void {
  const { expression = "", message = "", messageExpression = "", reason } = validation;
  const { variables, hasParams, known } = scope;
  const shared = { hasParams, ...(variables && { variables }) };
  if (expression.trim() === "") errors.at("expression").required("expression is not specified");
  else
    compileInto(errors.at("expression"), expression, {
      ...shared,
      wants: "bool",
      hasAuthorizer: true,
      known: known?.validations,
    });
  const at = errors.at("messageExpression");
  if (messageExpression !== "" && messageExpression.trim() === "")
    at.invalid(messageExpression, "must be non-empty if specified");
  else if (messageExpression !== "")
    compileInto(at, messageExpression, { ...shared, wants: "string", known: known?.messages });
  const text = message.trim();
  if (message !== "" && text === "") errors.at("message").invalid(message, "must be non-empty if specified");
  else if (/[\n\r]/.test(text)) errors.at("message").invalid(message, "must not contain line breaks");
  checkOneOf(errors.at("reason"), reason, REASONS);
}

function validateAnnotations(
  name: string | undefined,
  annotations: readonly AuditAnnotation[],
  scope: Scope,
  errors: FieldErrors,
): void {
  if (annotations.length > MOST_ANNOTATIONS)
    errors.invalid(
      internalForm(annotations, "[]AuditAnnotation"),
      `must not have more than ${MOST_ANNOTATIONS} auditAnnotations`,
    );
  const seen = new Set<string>();
  annotations.forEach((annotation, i) => {
    const { key = "" } = annotation;
    const at = errors.at(i);
    if (name) reject(at.at("key"), `${name}/${key}`, qualifiedName(`${name}/${key}`));
    else at.at("key").invalid(key, "requires metadata.name be non-empty");
    validateValueExpression(annotation, scope, at.at("valueExpression"));
    if (seen.has(key)) at.at("key").duplicate(key);
    seen.add(key);
  });
}

function validateValueExpression(
  { valueExpression = "" }: AuditAnnotation,
  { hasParams, variables, known }: Scope,
  errors: FieldErrors,
): void {
  const text = valueExpression.trim();
  if (text === "") return errors.required("valueExpression is not specified");
  if (Buffer.byteLength(text) > MOST_BYTES)
    return errors.required(`must not exceed ${MOST_BYTES} bytes in length`);
  compileInto(
    errors,
    text,
    {
      wants: "string-or-null",
      hasParams,
      hasAuthorizer: true,
      known: known?.annotations,
      written: valueExpression,
      ...(variables && { variables }),
    },
    valueExpression,
  );
}
